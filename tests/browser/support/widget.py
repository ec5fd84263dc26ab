"""A hand on the widget in a browser: what a shopper sees and does."""

from collections.abc import Callable
from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.shadowroot import ShadowRoot
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 20.0


class Widget:
    """The chat on the page that the browser shows."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    @property
    def root(self) -> ShadowRoot:
        """The component's shadow root, once it is there."""
        return WebDriverWait(self.driver, PATIENCE).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, "cartwright-chat").shadow_root
        )

    def all(self, selector: str) -> list[WebElement]:
        """Every element inside the widget that matches now."""
        return self.root.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str, text: str = "") -> WebElement:
        """The first element that matches and holds the text, once it is there."""

        def found() -> WebElement | None:
            return next((each for each in self.all(selector) if text in each.text), None)

        return self.until(found, f"{selector} with {text!r}")

    def sees(self, count: int, selector: str) -> None:
        """Wait until exactly so many elements match."""
        self.until(lambda: len(self.all(selector)) == count or None, f"{count} × {selector}")

    def until[T](self, found: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        """Wait for a truthy answer; says what was missing and what was shown instead."""
        waiting = WebDriverWait(
            self.driver, patience, poll_frequency=0.05, ignored_exceptions=[Exception]
        )
        try:
            return waiting.until(lambda _: found())  # type: ignore[return-value]
        except Exception as error:
            raise AssertionError(f"never saw {what}; the widget shows: {self.shown()!r}") from error

    def shown(self) -> str:
        """All the text in the widget."""
        return str(
            self.driver.execute_script(
                "return document.querySelector('cartwright-chat')?.shadowRoot?.textContent ?? ''"
            )
        )

    def open(self) -> None:
        """Open the panel by its launcher and wait until it can be used."""
        self.one(".launcher").click()
        self.ready()

    def ready(self) -> None:
        """Wait until the conversation is there."""
        self.one("[role=log][aria-busy=false]")

    def say(self, text: str) -> None:
        """Type a message and send it with Enter."""
        field = self.one("textarea")
        field.send_keys(text, Keys.ENTER)

    def paste(self, text: str) -> None:
        """Put text into the field that no keyboard types."""
        self.driver.execute_script(
            "arguments[0].value = arguments[1];"
            "arguments[0].dispatchEvent(new InputEvent('input', {bubbles: true}))",
            self.one("textarea"),
            text,
        )

    def texts(self, sender: str = "bot") -> list[str]:
        """What one side said, as shown."""
        return [
            str(text)
            for text in self.driver.execute_script(
                "return [...document.querySelector('cartwright-chat').shadowRoot"
                ".querySelectorAll(`.entry.${arguments[0]} .text`)].map(each => each.textContent)",
                sender,
            )
        ]

    def hears(self, part: str) -> None:
        """Wait for the assistant to say something."""
        self.until(lambda: any(part in text for text in self.texts()) or None, f"bot: {part!r}")

    def cards(self) -> list[dict[str, str]]:
        """The product cards of the newest message that has any."""
        lists = self.all(".cards")
        if not lists:
            return []
        return [
            {
                "title": card.find_element(By.CSS_SELECTOR, ".card-title").text,
                "text": card.text,
            }
            for card in lists[-1].find_elements(By.CSS_SELECTOR, ".card")
        ]

    def focused(self) -> dict[str, Any]:
        """What has the keyboard focus inside the widget."""
        return dict(
            self.driver.execute_script(
                "const it = document.querySelector('cartwright-chat').shadowRoot.activeElement;"
                "return {tag: it?.localName ?? null, kind: it?.className ?? null,"
                " text: it?.textContent?.trim() ?? ''}"
            )
        )
