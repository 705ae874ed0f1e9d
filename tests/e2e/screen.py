"""A terminal of its own, tmux, in which meshtop is typed: for the scripts here."""
import os
import pathlib
import re
import subprocess
import time

DEADLINE_S = 60


class Failed(Exception):
    pass


def check(truth, what):
    if not truth:
        raise Failed(what)


class Screen:
    """A shell in a terminal of its own, in which meshtop is typed."""

    def __init__(self, meshtop, tmp, columns=80, rows=24):
        self.meshtop, self.tmp = meshtop, tmp
        self.socket = str(tmp / "tmux")
        env = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", "PS1": "ready> ", "HOME": str(tmp),
               "XDG_STATE_HOME": str(tmp / "state"), "TMPDIR": str(tmp)}
        for name in ("TMUX", "NO_COLOR", "COLUMNS", "LINES", "PROMPT_COMMAND"):
            env.pop(name, None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "bash", "--norc", "--noprofile", env=env)
        self.wait(lambda s: "ready>" in s, "a shell")

    def tmux(self, *args, env=None):
        return subprocess.run(["tmux", "-S", self.socket, *args], check=True, capture_output=True, text=True, env=env,
                              timeout=DEADLINE_S).stdout

    def text(self, *how):
        return self.tmux("capture-pane", "-p", *how)

    def wait(self, right, what):
        """What is right is looked at once more: the first time it may be half drawn."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            shown = self.text()
            if right(shown) and right(shown := self.text()):
                return shown
            check(time.monotonic() < deadline, f"no {what}; the screen is:\n{shown}")
            time.sleep(0.02)

    def shows(self, word):
        return self.wait(lambda s: word in s, repr(word))

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def open(self, *args, before=""):
        self.wait(lambda s: s.rstrip().endswith("ready>"), "shell that waits")
        self.type("clear")
        self.wait(lambda s: s.strip() == "ready>", "empty screen")
        self.type(f"{before} {self.meshtop} " + " ".join(map(str, args)))

    def pid(self):
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        out = subprocess.run(["pgrep", "-P", shell, "meshtop"], capture_output=True, text=True, check=False).stdout
        return int(out.split()[0])

    def is_as_before(self):
        """The shell answers, echoes what is typed, and the screen is the old one."""
        self.wait(lambda s: "ready>" in s and "1Services" not in s, "shell")
        self.type("stty -a | grep -o ' echo \\| icanon ' | tr -d ' \\n'; echo; echo $((40 + 2))")
        shown = self.wait(lambda s: re.search("^42$", s, re.M), "42")
        check("echoicanon" in shown.replace("icanonecho", "echoicanon"), f"stty is not restored:\n{shown}")
        flags = self.tmux("display-message", "-p", "#{alternate_on}#{cursor_flag}#{mouse_any_flag}").strip()
        check(flags == "010", f"alternate screen, cursor, mouse: {flags}")

    def close(self):
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        children = subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=False).stdout.split()
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)
        deadline = time.monotonic() + DEADLINE_S
        while any(pathlib.Path("/proc", pid).exists() for pid in [shell, *children]):
            check(time.monotonic() < deadline, "its end")
            time.sleep(0.02)
