"""The man pages say what the programs say of themselves, and what is so."""

import re

import pytest

from earshot import environment_name, sqlite3_shell
from manual import SOURCE, Manual

SERVERS = [Manual("fcgi/earshot.fcgi.8", "earshot.fcgi"),
           Manual("bench/reference/earshot-ws.8", "earshot-ws")]
FORMAT = Manual("fcgi/earshot.5")
ALL = [Manual(path.relative_to(SOURCE)) for folder in ("fcgi", "bench")
       for path in sorted((SOURCE / folder).rglob("*.[1-8]"))]


@pytest.fixture(params=SERVERS, ids=repr)
def manual(request):
    return request.param


def test_there_is_a_page_for_each_of_them():
    assert {"earshot.fcgi.8", "earshot-ws.8", "earshot.5",
            "earshot-bench.1"} <= {repr(page) for page in ALL}


@pytest.mark.parametrize("page", ALL, ids=repr)
def test_mandoc_warns_of_nothing(page):
    assert page.lint() == ""


@pytest.mark.parametrize("page", ALL, ids=repr)
def test_every_page_is_installed(page):
    listed = re.sub(r"\\\n", " ", (SOURCE / "Makefile.am").read_text())
    section = page.path.suffix[1:]
    names = re.search(rf"^dist_man{section}_MANS = (.*)$", listed, re.M)[1]
    assert str(page.path.relative_to(SOURCE)) in names.split()


# Options

def test_help_and_page_have_the_same_options(manual):
    assert len(manual.of_help()) > 25
    assert set(manual.of_manual()) == set(manual.of_help())


def test_help_and_page_give_the_same_defaults(manual):
    assert manual.of_manual() == manual.of_help()


def test_help_and_page_give_the_same_words(manual):
    assert manual.values_of_manual() == {
        name: "|".join(word if word.islower() and word.isalpha()
                       else word.upper() for word in value.split("|"))
        for name, value in manual.values_of_help().items()}


def test_the_page_lists_every_variable(manual):
    """Flags have none: they are for one start."""
    listed = re.findall(r"EARSHOT_\w+", manual.section("ENVIRONMENT"))
    assert sorted(listed) == sorted(
        environment_name(name) for name in manual.values_of_help())


def test_pages_name_the_files_that_are_installed():
    """Those that `make install` replaces by the real ones."""
    rules = (SOURCE / "Makefile.am").read_text()
    for page in [*SERVERS, FORMAT]:
        for path in re.findall(r"/usr/local/\S+|/etc/\S+", page.text):
            assert any(path.startswith(known) for known in
                       re.findall(r"-e 's\|([^|]+)\|", rules)), path


# What goes over the wire, and what is in the file

def test_the_tables_of_the_queue_are_as_described(earshot):
    names = earshot.sql("SELECT name FROM sqlite_schema WHERE type = 'table' "
                        "AND name NOT LIKE 'sqlite_%'").split()
    assert set(names) == set(re.findall(r"^\.Ss Table (\w+)$", FORMAT.text,
                                        re.M))
    for name in names:
        columns = earshot.sql(
            f"SELECT name FROM pragma_table_info('{name}')").split()
        section = FORMAT.section(f"Table {name}", "Ss")
        described = [word for line in
                     re.findall(r"^\.(?:It )?Va (.*)$", section, re.M)
                     for word in re.findall(r"\w+", line)]
        assert described == columns, name


def test_the_files_beside_the_queue_are_as_described(earshot):
    earshot.publish("room", "x")
    with earshot.stream("room"):
        found = {path.name.replace("earshot.db", "", 1)
                 for path in earshot.queue.parent.iterdir()}
        listed = set(re.findall(r"-[a-z]+", "".join(
            re.findall(r"^\.It Pa (.*)$", FORMAT.section("THE QUEUE"),
                       re.M))))
        assert found - {""} <= listed, "none that is not told of"
        assert listed - found <= {"-presence"}, "it comes a second later"


def test_the_codes_of_errors_are_as_described():
    table = (SOURCE / "fcgi/problem.c").read_text()
    known = re.findall(r'\{(\d{3}), "(\w+)"\}', table)
    listed = [(status, code) for status, codes in re.findall(
        r"^\.It (\d{3}) Ta Li (.*)$", FORMAT.text, re.M)
        for code in re.findall(r"\w+", codes)]
    assert sorted(listed) == sorted(known)


def test_the_example_publishes(earshot):
    example = FORMAT.section("EXAMPLES")
    statement = re.search(r'"(INSERT.*?)"', example, re.S)[1]
    with earshot.stream("room") as stream:
        sqlite3_shell(earshot.queue, statement)
        assert stream.next().data == "backup done"
