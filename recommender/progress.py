"""Who is told how far training came."""

from typing import Protocol


class Progress(Protocol):
    """Is told how far training came."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps begins."""
        ...

    def advance(self, by: int, note: str = "") -> None:
        """`by` more steps are done; `note` is a word on them, such as the loss."""
        ...

    def tell(self, line: str) -> None:
        """Something to keep before the eyes, such as what an epoch led to."""
        ...


class Silent:
    """Progress that nobody watches."""

    def begin(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, by: int, note: str = "") -> None:
        """Nothing."""

    def tell(self, line: str) -> None:
        """Nothing."""
