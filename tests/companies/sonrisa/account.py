"""Sonrisa dental clinic, Guadalajara: WhatsApp inside of its CRM, bookings in an agenda system that posts webhooks.

What the owner said: "half of the first visits do not show up, and nobody answers on Saturday". Health data: nothing
clinical may reach an advertising platform.
"""

from __future__ import annotations

from dealwright import (
    Account,
    Automation,
    Button,
    Channel,
    Choice,
    ContactFields,
    Criteria,
    DealFields,
    Example,
    Incoming,
    Limits,
    Lost,
    Match,
    Message,
    MessagePolicy,
    Moment,
    OutsideEvent,
    Pipeline,
    Role,
    Stage,
    Task,
    Text,
    WhatsAppTemplate,
    Won,
    add_note,
    assign_owner,
    branch,
    case,
    complete_tasks,
    date_reached,
    days,
    deal_created,
    event_received,
    every_event,
    hours,
    local,
    lookup,
    message_failed,
    minutes,
    move_deal,
    notify,
    once,
    opted_out,
    outcome,
    person,
    rep_wrote,
    replied,
    send_message,
    set_task,
    stage_changed,
    stop,
    update_deal,
    value,
    wait,
    wait_until,
    working_hours,
    working_minutes,
)


# --- the client's own fields ------------------------------------------------------------------
class ClinicContact(ContactFields):
    guardian_of = Text("Tutor de")  # a mother books for a child: the patient is not the one who chats


class ClinicDeal(DealFields):
    contact: ClinicContact = ClinicContact()
    treatment = Choice("Tratamiento", ["limpieza", "ortodoncia", "implante", "urgencia"], sensitive=True)
    dentist = Text("Doctor")
    appointment_at = Moment("Cita")
    booking_id = Text("Folio agenda")


deal = ClinicDeal()
reception, closer = Role("recepción"), Role("coordinadora")
chat = Channel("kommo_chat")


class Citas(Pipeline, key="citas", name="Primera cita"):
    incoming = Incoming(first_response=working_minutes(10))
    contacted = Stage("Contactado", probability=15, owner=reception, task=Task("Ofrecer cita", due=working_hours(1)))
    booked = Stage(
        "Cita agendada",
        probability=40,
        owner=reception,
        task=Task("Confirmar por teléfono si no responde", due=working_hours(4)),
        entry=Criteria([deal.appointment_at.is_set()], else_="task", says="Pon la fecha de la cita"),
    )
    confirmed = Stage("Cita confirmada", probability=60, owner=reception, task=None, because="el paciente viene solo")
    attended = Stage(
        "Asistió a la cita", probability=75, owner=closer, task=Task("Enviar plan de tratamiento", due=working_hours(2))
    )
    plan_sent = Stage(
        "Plan enviado",
        probability=85,
        owner=closer,
        task=Task("Llamar por el plan", due=working_hours(16)),
        rot_after=days(10),
    )
    won = Won("Anticipo pagado")
    lost = Lost("Perdido", reasons=["Precio", "Otra clínica", "No contesta", "No asistió dos veces", "Solo preguntaba"])


# --- what the agenda tells us --------------------------------------------------------------
class BookingMade(OutsideEvent):
    key = "agenda.booking.created"
    phone, start_at, dentist, folio = Text(), Moment(), Text(), Text()
    match = Match(
        by=[(folio, deal.booking_id), (phone, deal.contacts.phone)],
        in_=[Citas],
        if_many="newest_open",
        if_none="create",
    )


class BookingCancelled(OutsideEvent):
    key = "agenda.booking.cancelled"
    folio, by_patient = Text(), Text()
    match = Match(by=[(folio, deal.booking_id)], in_=[Citas], if_none="hold")


class Attended(OutsideEvent):
    key = "agenda.visit.closed"
    folio, showed_up = Text(), Choice("", ["yes", "no"])
    match = Match(by=[(folio, deal.booking_id)], in_=[Citas], if_none="hold")


# --- texts that Meta approves ----------------------------------------------------------------------------------
bienvenida = WhatsAppTemplate(
    "bienvenida_v3",
    category="utility",
    body={
        "es": "Hola {{ contact.first_name or 'qué tal' }}, soy {{ deal.owner.first_name }} de Sonrisa. "
        + "¿Te busco una cita esta semana?"
    },
    buttons=[Button("si", "Sí, por favor"), Button("luego", "Más adelante")],
)
recordatorio = WhatsAppTemplate(
    "recordatorio_cita_v2",
    category="utility",
    body={
        "es": "Tu cita con {{ deal.dentist or 'nosotros' }} es el {{ deal.appointment_at | date }} a las "
        + "{{ deal.appointment_at | time }}. ¿Confirmas?"
    },
    buttons=[Button("confirmo", "Confirmo"), Button("cambiar", "Cambiar"), Button("cancelar", "Cancelar")],
)
horarios = Message(
    {"es": "Tengo {{ steps.slots.first }} o {{ steps.slots.second }}. ¿Cuál te queda?"}, outside_window=bienvenida
)
no_llego = WhatsAppTemplate(
    "te_extranamos_v1",
    category="utility",
    body={"es": "Hoy no pudimos verte{% if contact.first_name %}, {{ contact.first_name }}{% endif %}. ¿Otro día?"},
    buttons=[Button("si", "Sí"), Button("no", "No, gracias")],
)

saludo = Automation(
    key="saludo",
    why="El 70 % agenda con quien contesta primero.",
    on=deal_created(in_=Citas.incoming),
    when=[deal.main_contact.phone.is_set(), ~deal.tags.has("spam", "proveedor")],
    again=once(per=person, within=days(30)),  # the PERSON, not the deal: clinics get 3 leads per patient
    do=[
        assign_owner("owner", to=reception.least_loaded(open_in=[Citas.contacted, Citas.booked])),
        wait("human-first", minutes(3)),  # let a person answer first
        send_message("hola", via=chat, template=bienvenida, to=deal.main_contact),
        branch(
            "llego",
            case(
                outcome("hola") == "failed",
                set_task("llamar", text="WhatsApp no entregado: llamar", due=working_minutes(15), owner=deal.owner),
                stop(),
            ),
        ),
        wait_until(
            "respuesta",
            replied(to="hola"),
            timeout=hours(4),
            on_timeout=[
                set_task("llamar-2", text="No respondió al saludo: llamar", due=working_hours(1), owner=deal.owner),
                stop(),
            ],
        ),
        branch(
            "que-dijo",
            case(
                bienvenida.pressed("si"),
                lookup(
                    "slots",
                    at="agenda:/free",
                    ask={"days": 5, "dentist": deal.dentist},
                    gives={"first": str, "second": str},
                    on_error=[
                        set_task(
                            "agenda-caida",
                            text="Agenda no responde: ofrecer a mano",
                            due=working_minutes(10),
                            owner=deal.owner,
                        ),
                        stop(),
                    ],
                ),
                send_message("opciones", via=chat, template=horarios, to=deal.main_contact),
                move_deal("contactado", to=Citas.contacted),
            ),
            case(bienvenida.pressed("luego"), move_deal("pausa", to=Citas.lost, reason="Solo preguntaba")),
            otherwise=[
                set_task(
                    "leer", text="Respondió texto libre: leer y contestar", due=working_minutes(15), owner=deal.owner
                )
            ],
        ),
    ],
    exit_on=[rep_wrote(), stage_changed(to=Citas.booked), opted_out()],
    examples=[
        Example("a lead without a phone", in_=Citas.incoming, at="2026-05-12 10:00", then=["skipped: conditions"]),
        Example(
            "a lead on Saturday at 22:30 that says nothing",
            in_=Citas.incoming,
            at="2026-05-09 22:30",
            phone="+525512345678",
            then=["owner at Sat 22:30", "hola at Sat 22:33", "llamar-2 at Sun 02:33"],
        ),
    ],
)

agendada = Automation(
    key="cita-agendada",
    why="La agenda es la verdad; Kommo la sigue.",
    on=event_received(BookingMade),
    again=every_event(),
    do=[
        update_deal(
            "cita",
            appointment_at=BookingMade.start_at.or_(deal.appointment_at),
            dentist=BookingMade.dentist,
            booking_id=BookingMade.folio,
        ),
        complete_tasks("cierra-tareas", with_text="Ofrecer cita"),
        move_deal("a-agendada", to=Citas.booked),
    ],
)

recordar = Automation(
    key="recordatorio-24h",
    why="Cada cita vacía cuesta 900 pesos.",
    on=date_reached(deal.appointment_at, before=hours(24)),  # follows the field when the booking moves
    when=[deal.stage.is_in(Citas.booked, Citas.confirmed), deal.main_contact.phone.is_set()],
    again=once(per=value),  # once per value of the date
    do=[
        send_message("aviso", via=chat, template=recordatorio, to=deal.main_contact, late=hours(6)),
        wait_until(
            "contesta",
            replied(to="aviso"),
            timeout=hours(3),
            on_timeout=[
                set_task(
                    "confirmar-tel",
                    text="Confirmar la cita de mañana por teléfono",
                    due=local("18:00"),
                    owner=reception,
                ),
                stop(),
            ],
        ),
        branch(
            "boton",
            case(recordatorio.pressed("confirmo"), move_deal("ok", to=Citas.confirmed)),
            case(
                recordatorio.pressed("cambiar") | recordatorio.pressed("cancelar"),
                set_task("reagendar", text="Pidió cambiar/cancelar", due=working_minutes(20), owner=reception),
                add_note("nota", text="Pidió cambio por WhatsApp: {{ reply.text }}"),
            ),
            otherwise=[
                set_task("leer", text="Leer respuesta al recordatorio", due=working_minutes(20), owner=reception)
            ],
        ),
    ],
    exit_on=[event_received(BookingCancelled), rep_wrote()],
    on_change="migrate",
)

visita = Automation(
    key="visita-cerrada",
    why="Nadie se queda sin siguiente paso.",
    on=event_received(Attended),
    again=every_event(),
    do=[
        branch(
            "vino",
            case(Attended.showed_up == "yes", move_deal("asistio", to=Citas.attended)),
            otherwise=[
                set_task("reprogramar", text="No asistió: reprogramar", due=working_hours(2), owner=reception),
                branch(
                    "alcanzable",
                    case(
                        deal.main_contact.phone.is_set(),
                        send_message("te-extranamos", via=chat, template=no_llego, to=deal.main_contact),
                        wait_until("otro-dia", replied(to="te-extranamos"), timeout=days(3)),
                        branch(
                            "dijo-si",
                            case(
                                no_llego.pressed("si"),
                                set_task("cita", text="Quiere otra cita", due=working_minutes(20), owner=reception),
                            ),
                        ),
                    ),
                ),
            ],
        )
    ],
)

fallos = Automation(
    key="aviso-fallo",
    why="Un mensaje que no llega no puede quedar mudo.",
    on=message_failed(),
    again=every_event(),
    do=[notify("jefa", who=closer, text="No llego a {{ event.contact.name }}: {{ event.reason }}")],
)

account = Account(
    key="sonrisa",
    name="Clínica Sonrisa",
    zone="America/Mexico_City",
    country="MX",
    languages=["es"],
    pipelines=[Citas],
    automations=[saludo, agendada, recordar, visita, fallos],
    working_hours="Mon-Fri 09:00-19:00, Sat 09:00-14:00",
    messages=MessagePolicy(
        max_per_person={days(1): 3, days(7): 6},
        quiet=("20:00", "09:00"),
        same_template_again_after=days(20),
        opt_out_words=["alto", "baja", "no molestar"],
        silent_while_human_talks=hours(12),
    ),
    limits=Limits(per_hour=40, per_day=200, import_burst=50),
)
