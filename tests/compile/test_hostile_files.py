"""Files that reach for the check itself: each is told, none makes a bad file look clean, none stops the others."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from company_files import GOOD

from dealwright.compile.loader import load
from dealwright.compile.messages import Limits

pytestmark = pytest.mark.slow  # each test starts child processes, some of which are waited for

WHOLE = GOOD + 'a = Account("a", zone="UTC", country="US", pipelines=[Sales])\n'
DONE = json.dumps({"is": "done"})
SPRAY = """
import os

def spray(line):
    for fd in range(3, 60):
        try:
            os.write(fd, line)
        except OSError:
            pass
"""

HOSTILE = {
    # Writing to whatever descriptor there is: the check hears it, and does not take it for its own.
    "forges_done": (SPRAY + f"spray(b'{DONE}\\n')\n1 / 0\n", {"DW900", "DW913"}),
    "forges_with_a_token": (SPRAY + f"spray(b'{'0' * 32} {DONE}\\n')\n1 / 0\n", {"DW900", "DW913"}),
    "spoils_the_line": (SPRAY + "spray(b'{')\n1 / 0\n", {"DW900", "DW913"}),
    "closes_the_channel": ("import os\nos.closerange(3, 60)\n", {"DW904"}),
    "turns_the_channel_away": (
        "import os\nsink = os.open('/dev/null', os.O_RDONLY)\nfor fd in range(3, 60):\n"
        "    if fd != sink:\n        try:\n            os.fstat(fd)\n        except OSError:\n            continue\n"
        "        os.dup2(sink, fd)\n",
        {"DW904"},
    ),
    # Looking for what the check holds.
    "walks_frames": (
        "import sys\nframe = sys._getframe()\nseen = []\n"
        "while frame:\n    for value in list(frame.f_locals.values()):\n"
        "        if hasattr(value, 'gi_code'):\n            seen.append(value.gi_frame)\n    frame = frame.f_back\n",
        {"DW906"},
    ),
    "asks_the_collector": ("import gc\ngc.get_objects()\n", {"DW906"}),
    "reads_memory": ("open('/proc/self/mem', 'rb')\n", {"DW906"}),
    "reads_the_parents_secrets": ("import os\nopen(f'/proc/{os.getppid()}/environ')\n", {"DW906"}),
    "kills_the_parent": ("import os\nos.kill(os.getppid(), 9)\n", {"DW906"}),
    "calls_c": ("import ctypes\nctypes.CDLL(None)\n", {"DW906"}),
    "raises_its_limits": ("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\n", {"DW906"}),
    # Processes, network and files, on ways beside the usual ones.
    "forks_unseen": (
        "import multiprocessing.util as util\nutil.spawnv_passfds(b'/bin/true', [b'true'], [])\n",
        {"DW906"},
    ),
    "spawns": ("import os\nos.posix_spawn('/bin/true', ['true'], {})\n", {"DW906"}),
    "sends_datagrams": (
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))\n",
        {"DW906"},
    ),
    "writes_files": ("open('left.txt', 'w')\n", {"DW906"}),
    "removes_files": ("import os\nos.remove('z_good.py')\n", {"DW906"}),
    "eats_memory_slowly": ("kept = []\nwhile True:\n    kept.append('x' * 10_000_000)\n", {"DW905"}),
    "catches_all": (
        "while True:\n    try:\n        1 / 0\n    except Exception:\n        pass\n",
        {"DW905"},
    ),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("hostile") / "shopco"
    folder.mkdir()
    for name, (text, _) in HOSTILE.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "z_good.py").write_text(textwrap.dedent(WHOLE))
    return load(folder, limits=Limits(file_seconds=1.0, silence=20.0))


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_told(name: str, loaded) -> None:
    found = {finding.code for finding in loaded.findings if Path(finding.path).stem == name}
    assert found == HOSTILE[name][1]


def test_hostile_files_do_not_stop_the_others(loaded) -> None:
    assert [account.key for account in loaded.accounts] == ["a"]
    assert not [finding for finding in loaded.findings if finding.path.endswith("z_good.py")]


def test_what_a_file_does_after_it_was_loaded_is_guarded_too(write) -> None:
    later = WHOLE + "import os, threading\nthreading.Timer(0.0, lambda: os.remove('b.py')).start()\n"
    folder = write(a=later, b="x = 1\n")
    load(folder)
    assert (folder / "b.py").exists()
