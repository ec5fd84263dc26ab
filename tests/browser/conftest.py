"""One Chromium for all browser tests, which remembers nothing from one test to the next."""

import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser.support.chat_shop import WIDGET, ChatShop, chat_shop
from tests.browser.support.widget import Widget

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-no-reduced-motion",
    "--lang=en-GB",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[WebDriver]:
    """The browser; skipped where there is none."""
    browser, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver_path is None:
        pytest.skip("no Chromium and ChromeDriver on this machine")
    if not WIDGET.exists():
        pytest.skip("the widget is not built: run `make widget`")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    yield driver
    driver.quit()


@pytest.fixture
def driver(chromium: WebDriver) -> Iterator[WebDriver]:
    """The browser as it is after start: one window, desktop size, online, nothing remembered."""
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.set_window_size(1280, 900)
    chromium.get_log("browser")  # type: ignore[no-untyped-call]
    yield chromium
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    first, *others = chromium.window_handles
    for other in others:
        chromium.switch_to.window(other)
        chromium.close()
    chromium.switch_to.window(first)
    if chromium.current_url.startswith("http"):
        chromium.execute_script("localStorage.clear(); sessionStorage.clear()")
    chromium.get("about:blank")


@pytest.fixture
def shop() -> Iterator[ChatShop]:
    """A chat server that does what the test says."""
    with chat_shop() as opened:
        yield opened


@pytest.fixture
def widget(driver: WebDriver) -> Widget:
    """The widget on the browser's page."""
    return Widget(driver)
