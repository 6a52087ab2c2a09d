"""Automations that are not run because they use a word that is not there yet, each with the word and its line."""

from __future__ import annotations

from pathlib import Path

from dealwright.compile import ir
from dealwright.compile.carried import LeftOut
from dealwright.compile.findings import Company
from dealwright.compile.later import Later, later
from dealwright.compile.rules.rule import Subject
from dealwright.compile.sources import read


def refusals(company: Company, account: ir.Account) -> tuple[LeftOut, ...]:
    """Return the automations of an account that are refused, with every word that is the reason and where it stands."""
    found = [(each, words) for each in account.automations if (words := later(each, account))]
    if not found:
        return ()
    subject = Subject(company, read(Path(company.root), company.files))
    return tuple(
        LeftOut(
            automation=automation.key,
            why="; ".join(dict.fromkeys(_why(word, automation, account, subject, company.folder) for word in words)),
            refused=True,
        )
        for automation, words in found
    )


def _why(word: Later, automation: ir.Automation, account: ir.Account, subject: Subject, folder: str) -> str:
    match word.part:
        case "on" | "exit_on":
            file, line = subject.automation_at(automation, word.part)
        case "step":
            file, line = subject.step_at(automation, word.step)
        case "messages" | "limits":
            file, line = subject.account_at(account, word.part)
            kept = f"{word.word} of the account ({_place(folder, file, line)}) is not kept yet"
            return f'it sends messages, and {kept}: write until_enforced="send" there to send without it'
    return f"{word.word} is not there yet ({_place(folder, file, line)})"


def _place(folder: str, file: str, line: int) -> str:
    return f"{Path(folder, file)}:{line}"
