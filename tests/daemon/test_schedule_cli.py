"""`belfry schedule next` against a slow oracle: ticks through UTC, asks Python's zoneinfo for the offset, and applies the
rules of the schedule literally. Expressions are made together with what they mean, so that no parser is shared.

More of it: BELFRY_ORACLE_CASES=20000 BELFRY_ORACLE_SEED=7 pytest test_schedule_cli.py
"""
import calendar
import json
import os
import random
import resource
import subprocess
import time
from bisect import bisect_left
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).resolve().parents[2]
BELFRY = Path(os.environ.get("BELFRY_BUILD", ROOT / "build")) / "belfry"
CASES = int(os.environ.get("BELFRY_ORACLE_CASES", "600"))
SEED = int(os.environ.get("BELFRY_ORACLE_SEED", "20261123"))
ZONES = """UTC Europe/Berlin America/New_York Australia/Lord_Howe Pacific/Chatham Antarctica/Troll America/Santiago Africa/Cairo
Asia/Beirut America/Havana Europe/Dublin Africa/Casablanca Pacific/Apia America/Nuuk Asia/Gaza Asia/Kathmandu Asia/Tehran
America/St_Johns Europe/London Asia/Tokyo America/Sao_Paulo Pacific/Auckland""".split()
THREE_HOURS = 3 * 3600
DAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTH_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def run(*words, stdin=None):
    return subprocess.run([BELFRY, "schedule", *words], input=stdin, capture_output=True, text=True, timeout=120)


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


# Expressions ---------------------------------------------------------------------------------------------------------

def plain_item(rng, low, high, names=None):
    """(text, values)"""
    def show(value):
        return rng.choice([names[value - low], names[value - low].lower()]) if names and rng.random() < 0.3 else str(value)
    kind = rng.randrange(6)
    a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
    step = rng.randint(1, high - low + 1)
    if kind < 3:
        return show(a), {a}
    if kind == 3:
        # a name as upper bound: SUN would be 7
        return f"{show(a)}-{b}", set(range(a, b + 1))
    if kind == 4:
        return f"{a}-{b}/{step}", set(range(a, b + 1, step))
    return f"{a}/{step}", set(range(a, high + 1, step))


def field(rng, low, high, star=0.3, names=None):
    roll = rng.random()
    if roll < star:
        return "*", set(range(low, high + 1))
    if roll < star + 0.15:
        step = rng.randint(1, high - low + 1)
        return f"*/{step}", set(range(low, high + 1, step))
    items = [plain_item(rng, low, high, names) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return ",".join(text for text, _ in items), set().union(*(values for _, values in items))


def workday_near(day, year, month):
    last = calendar.monthrange(year, month)[1]
    candidates = [d for d in range(1, last + 1) if date(year, month, d).weekday() < 5]
    return min(candidates, key=lambda d: (abs(d - day), abs(d - day) == 1 and (d > day) != (date(year, month, day).weekday() == 6)))


def dom_field(rng):
    """(text, predicate of a date)"""
    if rng.random() < 0.7:
        text, values = rng.choice([field(rng, 1, 31, star=0.5), ("?", set(range(1, 32)))] + [field(rng, 1, 31, 0.5)] * 3)
        return text, lambda d: d.day in values
    items, tests = [], []
    for _ in range(rng.choice([1, 1, 2])):
        n = rng.randint(1, 30)
        day = rng.randint(1, 31)
        text, test = rng.choice([
            ("L", lambda d, last: d.day == last),
            (f"l-{n}", lambda d, last, n=n: d.day == last - n),
            ("LW", lambda d, last: d.day == workday_near(last, d.year, d.month)),
            (f"{day}W", lambda d, last, day=day: day <= last and d.day == workday_near(day, d.year, d.month)),
            (f"L-{n}W", lambda d, last, n=n: last - n >= 1 and d.day == workday_near(last - n, d.year, d.month)),
            (str(day), lambda d, last, day=day: d.day == day),
        ])
        items.append(text)
        tests.append(test)
    return ",".join(items), lambda d: any(t(d, calendar.monthrange(d.year, d.month)[1]) for t in tests)


def dow_field(rng):
    def weekday(d):
        return (d.weekday() + 1) % 7
    if rng.random() < 0.7:
        text, values = rng.choice([field(rng, 0, 6, 0.6, DAY_NAMES)] * 4 + [("?", set(range(7))), ("FRI-SUN", {5, 6, 0}), ("5-7", {5, 6, 0})])
        return text, lambda d: weekday(d) in values
    items, tests = [], []
    for _ in range(rng.choice([1, 1, 2])):
        day, n = rng.randint(0, 7), rng.randint(1, 5)
        text, test = rng.choice([
            (f"{day}L", lambda d, last, day=day: weekday(d) == day % 7 and d.day + 7 > last),
            (f"{day}#L", lambda d, last, day=day: weekday(d) == day % 7 and d.day + 7 > last),
            (f"{DAY_NAMES[day % 7]}#{n}", lambda d, last, day=day, n=n: weekday(d) == day % 7 and (d.day - 1) // 7 == n - 1),
            (str(day), lambda d, last, day=day: weekday(d) == day % 7),
        ])
        items.append(text)
        tests.append(test)
    return ",".join(items), lambda d: any(t(d, calendar.monthrange(d.year, d.month)[1]) for t in tests)


class Expression:
    def __init__(self, rng, seconds):
        around_night = rng.random() < 0.5
        self.second = field(rng, 0, 59, star=0.3) if seconds else ("0", {0})
        self.minute = field(rng, 0, 59)
        self.hour = rng.choice([("0", {0}), ("1", {1}), ("2", {2}), ("3", {3}), ("0-3", {0, 1, 2, 3}), ("23", {23}), ("1,2", {1, 2}),
                                ("*/2", set(range(0, 24, 2)))]) if around_night else field(rng, 0, 23, star=0.4)
        self.dom, self.month, self.dow = dom_field(rng), field(rng, 1, 12, star=0.8, names=MONTH_NAMES), dow_field(rng)
        parts = [self.minute, self.hour, self.dom, self.month, self.dow]
        if seconds:
            parts.insert(0, self.second)
        self.text = rng.choice([" ", "  ", "\t"]).join(text for text, _ in parts)
        self.fixed = not any(c in text for text, _ in (self.second, self.minute, self.hour) for c in "*/")
        self.both = self.dom[0][0] in "*?" or self.dow[0][0] in "*?"
        self.days = {}

    def day_matches(self, day):
        if day not in self.days:
            d = date(1970, 1, 1) + timedelta(days=day)
            hits = self.dom[1](d), self.dow[1](d)
            self.days[day] = d.month in self.month[1] and (all(hits) if self.both else any(hits))
        return self.days[day]

    def matches(self, local):
        day, rest = divmod(local, 86400)
        return (rest % 60 in self.second[1] and rest // 60 % 60 in self.minute[1] and rest // 3600 in self.hour[1]
                and self.day_matches(day))


# The oracle ----------------------------------------------------------------------------------------------------------

def offset_at(zone, seconds):
    return int(datetime.fromtimestamp(seconds, zone).utcoffset().total_seconds())


def instants(expression, zone, begin, end, tick):
    """All due instants in [begin, end), by ticking; begins early enough to know of an overlap under way."""
    due, dropped_until = [], None
    start = begin - 4 * 3600
    before = offset_at(zone, start - tick)
    for now in range(start, end, tick):
        offset = offset_at(zone, now)
        hit = False
        if offset != before:
            dropped_until = None
            if expression.fixed and 0 < offset - before <= THREE_HOURS:
                hit = any(expression.matches(local) for local in range(now + before, now + offset, tick))
            if expression.fixed and 0 < before - offset <= THREE_HOURS:
                dropped_until = now + before
            before = offset
        if expression.matches(now + offset) and not (dropped_until and now + offset < dropped_until):
            hit = True
        if hit and now >= begin:
            due.append(now)
    return due


def change_near(zone, moment):
    """The first change of offset within a year after the moment, or the moment itself."""
    low, before = moment, offset_at(zone, moment)
    for low in range(moment, moment + 366 * 86400, 86400):
        if offset_at(zone, low + 86400) != before:
            break
    else:
        return moment
    high = low + 86400
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset_at(zone, middle) != before else (middle, high)
    return high


def random_case(rng):
    seconds = rng.random() < 0.3
    expression = Expression(rng, seconds)
    name = rng.choice(ZONES)
    zone = ZoneInfo(name)
    moment = rng.choice([rng.randrange(0, 2208988800), rng.randrange(1735689600, 1830297600), rng.randrange(2208988800, 16725225600)])
    moment -= moment % 86400
    near = change_near(zone, moment) if rng.random() < 0.7 else moment
    if near % 60:
        near = moment
    length = rng.randint(1, 2) * 3600 if seconds else rng.randint(1, 4) * 86400
    begin = near - length * rng.randint(1, 3) // 4 // 60 * 60
    return expression, name, begin, begin + length, 1 if seconds else 60


def ask(questions):
    answer = run("next", "--stdin", stdin="".join(json.dumps(q) + "\n" for q in questions))
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert len(lines) == len(questions)
    return [json.loads(line) for line in lines]


def test_next_instants_are_those_of_the_slow_oracle():
    rng = random.Random(SEED)
    cases = [random_case(rng) for _ in range(CASES)]
    answers = ask([{"expr": e.text, "tz": name, "from": stamp(begin - 1), "count": 10000} for e, name, begin, _, _ in cases])
    checked = 0
    for (expression, name, begin, end, tick), answer in zip(cases, answers):
        context = f"'{expression.text}' in {name} from {stamp(begin - 1)}"
        if "error" in answer:
            assert "never" in answer["error"], f"{context}: {answer['error']}"
            days = [d for d in range(-14610, 146097 - 14610) if expression.day_matches(d)]
            assert not days, f"{context}: refused, but day {days[0]} matches"
            continue
        texts = answer["next"]
        assert texts == sorted(set(texts)), context
        got = texts[:bisect_left(texts, stamp(end))]
        expected = [stamp(s) for s in instants(expression, ZoneInfo(name), begin, end, tick)]
        assert got == expected, context
        checked += len(expected)
    assert checked > CASES


# The command line ----------------------------------------------------------------------------------------------------

def test_one_instant_a_line_strictly_after_from():
    answer = run("next", "--from", "2026-11-23T12:00:00Z", "--count", "2", "0 12 * * *")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "2026-11-24T12:00:00Z\n2026-11-25T12:00:00Z\n", "")


def test_zone_shifts_the_instants():
    answer = run("next", "--from", "2026-11-23T00:00:00Z", "--tz", "Asia/Kathmandu", "0 12 * * *")
    assert answer.stdout == "2026-11-23T06:15:00Z\n"


@pytest.mark.parametrize("words, sentence", [
    (["61 * * * *"], "minute: 61 is outside 0-59"),
    (["0 22-2 * * *"], "hour: 22-2 runs backwards: write 22-23,0-2"),
    (["0 0 30 2 *"], "day of month: 30 never occurs in Feb"),
    (["-5 * * * *"], 'minute: "-5" is not understood'),
    (["--tz", "Mars/Base", "0 0 * * *"], 'time zone: "Mars/Base" is not a zone this host knows'),
    (["--tz", "../etc/passwd", "0 0 * * *"], 'time zone: "../etc/passwd" is not a zone this host knows'),
    (["--from", "yesterday", "0 0 * * *"], '--from: "yesterday" is no RFC 3339 time such as 2026-11-23T12:00:00Z, nor '
     '"2026-11-23 07:00" in the local zone, nor -2h from now'),
    (["--count", "0", "0 0 * * *"], "--count: 0 is outside 1-10000"),
    (["*", "*", "*", "*", "*"], "5 expressions are given: write one, in quotes, as in '*/5 * * * *'"),
    (["0 0 * * \n*"], "day of week: has a character that is not plain ASCII"),
])
def test_a_mistake_is_one_line_that_names_it_and_exit_2(words, sentence):
    answer = run("next", *words)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", f"belfry: {sentence}\n")


@pytest.mark.parametrize("expression", ["@reboot", "@at 2020-01-01T00:00:00Z"])
def test_no_instant_prints_nothing_and_says_why(expression):
    answer = run("next", "--from", "2026-11-23T00:00:00Z", expression)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr.count("\n") == 1


def test_fewer_instants_than_asked_for_are_all_printed():
    answer = run("next", "--from", "9999-12-30T12:00:00Z", "--count", "5", "@daily")
    assert answer.stdout == "9999-12-31T00:00:00Z\n" and answer.returncode == 0


def test_a_broken_line_is_answered_and_the_next_goes_on():
    answer = run("next", "--stdin", stdin='{"expr"\n[1]\n\n{"expr":5}\n{"tz":"UTC"}\n{"expr":"* * * * *","count":0}\n'
                 + '{"expr":"x","y":"' + "z" * 70000 + '"}\n' + '{"expr":"@daily","from":"2026-11-23T00:00:00Z"}')
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert answer.returncode == 0 and len(lines) == 8
    assert all(list(line) == ["error"] for line in lines[:7])
    assert lines[7] == {"next": ["2026-11-24T00:00:00Z"]}


def test_hash_depends_on_the_job():
    def ask_for(job):
        return ask([{"expr": "H H * * *", "jobId": job, "from": "2026-11-23T00:00:00Z"}])[0]["next"]
    assert ask_for("a") == ask_for("a")
    assert len({tuple(ask_for(str(n))) for n in range(20)}) > 15


def test_a_hundred_thousand_lines_take_less_than_two_seconds():
    rng = random.Random(1)
    line = [json.dumps({"expr": f"{rng.randrange(60)} {rng.randrange(24)} * * {rng.choice(DAY_NAMES)}", "tz": rng.choice(ZONES),
                        "from": "2026-11-23T12:00:00Z", "count": 3}) + "\n" for _ in range(100_000)]
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = run("next", "--stdin", stdin="".join(line))
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    elapsed = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime  # of the processor: the machine may be busy
    assert answer.stdout.count('{"next":[') == 100_000
    sanitized = b"__asan_init" in BELFRY.read_bytes()
    begin = time.process_time()
    for one in line:
        json.loads(one)
    reading = time.process_time() - begin  # a slow processor is slow with both
    assert elapsed < max(2, 8 * reading) or sanitized


def test_help_teaches_on_every_level():
    for words in ([], ["schedule"], ["schedule", "next"], ["schedule", "explain"]):
        answer = subprocess.run([BELFRY, *words, "--help"], capture_output=True, text=True, timeout=120)
        assert answer.returncode == 0 and "belfry schedule" in answer.stdout
    assert subprocess.run([BELFRY, "--version"], capture_output=True, text=True, timeout=120).stdout.startswith("belfry ")
    assert subprocess.run([BELFRY, "frobnicate"], capture_output=True, timeout=120).returncode == 2


def test_explain_shows_the_canonical_text_and_what_the_clock_does():
    answer = run("explain", "--tz", "America/New_York", "--from", "2026-03-07T12:00:00Z", "30 2 * * SUN-SAT")
    assert "schedule  30 2 * * 0-6\n" in answer.stdout
    assert "2026-03-08T07:00:00Z  Sun 2026-03-08 03:00:00 -04:00  the clock has just been put forward" in answer.stdout
