"""The page "Earshot and the others": its figures are the README's."""

import html
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "static/others.html").read_text("utf-8")
NAMED = {"nchan", "mercure", "ntfy", "pushpin", "centrifugo", "socketio",
         "fossil"}


def readme_table():
    """The numbers of each line of "Beside others", by the line's name."""
    text = (ROOT / "README.md").read_text("utf-8")
    part = text.partition("### Beside others")[2]
    lines = re.findall(r"^\| (.+?) \|(.+)\|$", part, re.M)
    return {name.replace("*", ""): re.findall(r"[\d.,]*\d", rest)
            for name, rest in lines}


def rows():
    table = PAGE.partition("<tbody>")[2].partition("</tbody>")[0]
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.S):
        name = html.unescape(re.search(r"<th.*?>(.*?)</th>", row)[1])
        yield name, [value for value in re.findall(
            r'<td class="number">(.*?)</td>', row) if value != "–"]


def test_every_figure_of_the_page_is_one_of_the_readme():
    lines = readme_table()
    found = list(rows())
    assert len(found) >= 5
    for name, values in found:
        program, _, way = name.replace(", ", " ").partition(" ")
        fitting = [numbers for line, numbers in lines.items()
                   if line.startswith(program) and set(way.split()) - {"+"}
                   <= set(re.findall(r"[\w-]+", line))]
        assert any(set(values) <= set(numbers) for numbers in fitting), \
            (name, values, fitting)
    # Those within sentences, too.
    told = {number for numbers in lines.values() for number in numbers}
    for sentence in re.findall(r'<span lang="en">([^<]*)</span>', PAGE):
        for value in re.findall(r"\d+\.\d|\d+,\d{3}", sentence):
            assert value in told or value == "1,000", (value, sentence)


def test_each_of_the_seven_has_its_sources():
    sections = dict(re.findall(
        r'<section class="card" aria-labelledby="(\w+)">(.*?)</section>',
        PAGE, re.S))
    assert set(sections) == NAMED | {"earshot"}
    for name in NAMED:
        assert len(re.findall(r'href="https://', sections[name])) >= 2, name
        assert sections[name].count("<dt>") == 3, name
