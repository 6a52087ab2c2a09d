"""Codes of what messages say and what is answered: languages, templates, buttons, replies."""

from __future__ import annotations

from typing import Final

from dealwright.compile.codes import Code

_HELLO: Final = """
hello = Template(
    "hello",
    body="Hi {{ contact.first_name or 'there' }}, when can we talk?",
    buttons=[Button("today", "Today"), Button("later", "Later")],
)
"""


def _greet(*steps: str) -> str:
    """An automation that greets, with these steps after it."""
    more = "".join(f"\n        {step}," for step in steps)
    return f"""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.id.is_set()],
    again=once(per=person),
    do=[
        send_message("hi", via="crm", template=hello, to=deal.main_contact),{more}
    ],
)
"""


_WAIT: Final = 'wait_until("answer", replied(to="hi"), timeout=hours(4))'
_CALL: Final = 'set_task("call", text="Call {{ deal.main_contact.name or deal.title }}", due=hours(1))'

CODES: Final = (
    Code(
        code="DW305",
        title="a customer would be written to in no language of theirs",
        reason=(
            "A text that is written by language, on a button too, has one for each language of the account: whoever "
            "speaks the one that is missing would get another one, by chance. One text for all is written without a "
            "language."
        ),
        bad="""
hello = Template("hello", body={"en": "Hi, when can we talk?", "es": "Hola, ¿cuándo hablamos?"})
"""
        + _greet(),
        good="""
hello = Template("hello", body="Hi, when can we talk?")
"""
        + _greet(),
    ),
    Code(
        code="DW306",
        title="a message is longer than it can be sent",
        reason="Platforms refuse longer ones: a template has at most 1,024 characters, another message 4,096.",
        bad="""
hello = Template("hello", body="Hi, when can we talk? " * 50)
"""
        + _greet(),
        good="""
hello = Template("hello", body="Hi, when can we talk?")
"""
        + _greet(),
    ),
    Code(
        code="DW307",
        title="a button that cannot be shown, or not be told from another one",
        reason=(
            "A message has at most three buttons, with at most 20 characters on each. What was pressed is known by its "
            "id: each has one of its own."
        ),
        bad="""
hello = Template("hello", body="When can we talk?", buttons=[Button("yes", "Today"), Button("yes", "Tomorrow")])
"""
        + _greet(),
        good="""
hello = Template("hello", body="When can we talk?", buttons=[Button("today", "Today"), Button("later", "Tomorrow")])
"""
        + _greet(_WAIT, _CALL),
    ),
    Code(
        code="DW308",
        title="a text that is not there, or cannot be read",
        reason=(
            'texts("hello") reads texts/hello.en.md and its like beside the definition file. They are in UTF-8, and '
            "lie in that folder themselves."
        ),
        bad="""
hello = Template("hello", body=texts("hello"))
"""
        + _greet(),
        good=_HELLO + _greet(_WAIT, _CALL),
    ),
    Code(
        code="DW309",
        title="two templates have one name",
        reason="A template is known by its name, here and on the platform that approves it: a new text has a new name.",
        bad=_HELLO
        + """
again_ = Template("hello", body="Hello again, when can we talk?")
"""
        + _greet(_WAIT, 'send_message("hi-2", via="crm", template=again_, to=deal.main_contact)', _CALL),
        good=_HELLO
        + """
again_ = Template("hello_again", body="Hello again, when can we talk?")
"""
        + _greet(_WAIT, 'send_message("hi-2", via="crm", template=again_, to=deal.main_contact)', _CALL),
    ),
    Code(
        code="DW310",
        title="a text holds characters that nobody sees",
        reason=(
            "Escapes that steer a terminal, marks that turn a text around and spaces without width come along when a "
            "text is pasted: it reads right here, and otherwise in a customer's mail or a colleague's list. Marks of "
            "right-to-left scripts, joiners and soft hyphens are left alone."
        ),
        bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call \\u202e{{ deal.title }}", due=hours(1))],
)
""",
        good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {{ deal.title }}", due=hours(1))],
)
""",
    ),
    Code(
        code="DW311",
        title="a text compares a fact with what it never is",
        reason=(
            "In a text facts are texts: a number is compared with '12', an option with one of the field's options. A "
            "flag is asked as it is, {% if deal.insured %}: it equals neither 'yes' nor 'sí'. What is not set equals "
            "nothing. Amounts, days and lists belong into a branch, whose conditions know more than ==."
        ),
        bad="""
class Own(DealFields):
    insured = Flag("Has insurance")


own = Own()
call = Automation(
    key="call",
    on=deal_updated(fields=[own.insured]),
    do=[add_note("log", text="{% if deal.insured == 'yes' %}It is insured{% else %}Nobody pays{% endif %}")],
)
""",
        good="""
class Own(DealFields):
    insured = Flag("Has insurance")


own = Own()
call = Automation(
    key="call",
    on=deal_updated(fields=[own.insured]),
    do=[add_note("log", text="{% if deal.insured %}It is insured{% else %}Nobody pays{% endif %}")],
)
""",
    ),
    Code(
        code="DW404",
        title="a button of a template that was not sent",
        reason="What was pressed is known of a template that a step before has sent, on the same way through branches.",
        bad=_HELLO
        + """
bye = Template("bye", body="Shall we stop writing?", buttons=[Button("stop", "Stop")])
"""
        + _greet(_WAIT, f'branch("said", case(bye.pressed("stop"), stop()), otherwise=[{_CALL}])'),
        good=_HELLO + _greet(_WAIT, f'branch("said", case(hello.pressed("later"), stop()), otherwise=[{_CALL}])'),
    ),
    Code(
        code="DW405",
        title="an answer that nobody waited for",
        reason="What was answered is known after a wait_until(replied()): right after a message nobody has answered.",
        bad=_HELLO + _greet(f'branch("said", case(hello.pressed("later"), stop()), otherwise=[{_CALL}])'),
        good=_HELLO + _greet(_WAIT, f'branch("said", case(hello.pressed("later"), stop()), otherwise=[{_CALL}])'),
    ),
    Code(
        code="DW406",
        title="an answer to a step that sends nothing",
        reason="replied(to=) names a step that sends a message, and that stands before it.",
        bad=_HELLO + _greet(_WAIT.replace("hi", "hello"), _CALL),
        good=_HELLO + _greet(_WAIT, _CALL),
    ),
    Code(
        code="DW407",
        title="a button that the template does not have",
        reason="A button is named by the id that its template gave it; nobody can press another one.",
        bad=_HELLO + _greet(_WAIT, f'branch("said", case(hello.pressed("latter"), stop()), otherwise=[{_CALL}])'),
        good=_HELLO + _greet(_WAIT, f'branch("said", case(hello.pressed("later"), stop()), otherwise=[{_CALL}])'),
    ),
)
"""What lowering and the language itself find in messages."""
