"""The front page where no tap can be reached: it computes, and says so."""

from lab import LANES, Lab, say
from wait import wait_until
from whole import WholeSite


def test_without_a_tap_the_page_works_and_says_that_it_computes(
        site, chromium):
    with Lab(site, chromium, LANES[:3]) as lab:
        lab.quiet()
        before = lab.orders()[0]
        said = [say(site, f"message {count}") for count in range(5)]
        lab.hears(before + said)
        assert lab.browser.run(
            "return document.querySelector('#computed').hidden") is False
        assert lab.browser.run(
            "return document.querySelector('#measured-tap').hidden") is True
        lanes = lab.inside()
        for key in LANES[:3]:
            assert all(lanes[key]["tally"].values()), lanes[key]
        assert lanes["sse"]["tally"]["requests"] == 1
        # A cut is made by the page itself.
        lab.act("sse", 0)
        wait_until(lambda: lab.state("sse") == "broken", 5)
        missed = say(site, "meanwhile")
        lab.hears(before + said + [missed])
        # What needs the tap says so.
        assert "./demo" in lab.texts("#buffering [role=status]")[0]
        assert not lab.find("#buffering [type=submit]").is_enabled()


class OutOfReach(WholeSite):
    """Its tap is asked, but the relay takes no page from there: as when the
    page comes through a tunnel."""
    origins = "http://another.example"


def test_a_relay_out_of_reach_is_as_good_as_none(
        directory, started, chromium):
    site = OutOfReach(directory)
    started.append(site)
    with Lab(site.start(), chromium) as lab:
        said = say(site, "hello")
        wait_until(lambda: all(said in order for order in lab.orders()), 15)
        assert lab.browser.run(
            "return document.querySelector('#computed').hidden") is False
