"""The front page in several tabs and windows: who is not looked at lets go."""

from lab import Lab, followers, say
from wait import wait_until


def test_three_open_tabs_all_work_since_hidden_ones_let_go(whole, chromium):
    driver = chromium.driver
    first = driver.current_window_handle
    handles = [first]
    try:
        lab = Lab(whole, chromium)
        for _ in range(2):
            driver.switch_to.new_window("tab")
            handles.append(driver.current_window_handle)
            lab.open()
        for handle in handles * 2:
            driver.switch_to.window(handle)
            lab.wait_open()
            before = [len(order) for order in lab.orders()]
            say(whole, "to who looks")
            wait_until(lambda: all(
                len(order) > count for order, count
                in zip(lab.orders(), before)), 15, "a message in each lane")
            # Only the tab that is seen follows.
            wait_until(lambda: followers(whole)["sse"] == 1
                       and followers(whole)["ws"] == 1, 10)
    finally:
        for handle in handles[1:]:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(first)
        driver.get("about:blank")


def test_three_windows_side_by_side_take_turns(whole, chromium):
    driver = chromium.driver
    handles = [driver.current_window_handle]

    def rests():
        lab.driver.switch_to.window(handles[0])
        return lab.find("#rests").is_displayed()

    try:
        lab = Lab(whole, chromium)
        for _ in range(2):
            driver.switch_to.new_window("window")
            handles.append(driver.current_window_handle)
            lab.open()
        wait_until(rests, 10, "the first window's rest")
        assert lab.state("sse") == "resting"
        wait_until(lambda: followers(whole)["sse"] == 2, 10)
        # Whoever comes back to it has it live.
        lab.browser.run("window.dispatchEvent(new Event('focus'))")
        lab.wait_open()
        assert not rests()
        wait_until(lambda: followers(whole)["sse"] == 2, 10)
    finally:
        for handle in handles[1:]:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(handles[0])
        driver.get("about:blank")


def test_a_hidden_tab_holds_no_connection(whole, lab):
    wait_until(lambda: followers(whole)["ws"] == 1, 5)
    lab.driver.switch_to.new_window("tab")
    try:
        wait_until(lambda: sum(followers(whole).values()) == 0, 10,
                   "the release")
    finally:
        lab.driver.close()
        lab.driver.switch_to.window(lab.driver.window_handles[0])
    lab.wait_open()
