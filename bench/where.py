"""Where a process spends its CPU, by what it was doing: samples of call chains (perf), each put
into the first part of PARTS that one of its functions belongs to."""
import collections
import shutil
import signal
import subprocess

HERTZ = 1999  # no multiple of what the kernel's own clock does
PARTS = {  # a part of the work: functions of the kernel that only it goes through
    "send": ("__sys_sendmsg", "__sys_sendto", "do_writev", "sock_write_iter"),
    "receive": ("__sys_recvmsg", "__sys_recvfrom", "do_readv", "sock_read_iter"),
    "wait": ("do_epoll_wait", "do_epoll_ctl", "__x64_sys_clock_nanosleep", "do_poll"),
    "files": ("do_fsync", "ksys_write", "__x64_sys_pwrite64", "__x64_sys_pread64"),
}
REST = "other kernel"
OWN = "program"


def available():
    """perf is there and may look at other processes."""
    if not shutil.which("perf"):
        return False
    done = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", "/dev/null", "true"],
                          capture_output=True)
    return done.returncode == 0


class Recording:
    """Samples the processes while the block runs; then `shares` is {part: fraction}."""

    def __init__(self, pids, file):
        self.file = file
        self.command = ["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", str(HERTZ), "-p",
                        ",".join(map(str, pids)), "-o", str(file)]
        self.shares = {}

    def __enter__(self):
        self.perf = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.perf.send_signal(signal.SIGINT)
        self.perf.wait(30)
        text = subprocess.run(["perf", "script", "-i", str(self.file), "-F", "ip,sym,dso"],
                              capture_output=True, text=True, errors="replace").stdout
        self.shares = shares_of(text)


def part_of(chain):
    """chain: [(function, object)], the innermost first."""
    if "kernel" not in chain[0][1]:
        return OWN
    names = {function for function, _ in chain}
    return next((part for part, marks in PARTS.items() if names.intersection(marks)), REST)


def shares_of(text):
    counts = collections.Counter()
    for sample in text.split("\n\n"):
        chain = []
        for line in sample.splitlines():
            words = line.split()  # address, function, (object)
            if len(words) >= 3:
                chain.append((words[1].split("+")[0], words[-1]))
        if chain:
            counts[part_of(chain)] += 1
    total = sum(counts.values())
    return {part: counts[part] / total for part in [*PARTS, REST, OWN]} if total else {}
