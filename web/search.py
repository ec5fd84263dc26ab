"""The product search of the web process, made when it is first needed."""

from threading import Lock

from sqlalchemy.orm import Session

from core.clock import Clock
from db.engine import SessionFactory
from db.reads.catalogue import terms
from services.parse import Vocabulary, parse
from services.query import SearchQuery
from services.search import CatalogueSearch, SearchResult


class ShopSearch:
    """Reads what is typed into the search box, and finds products. Safe to share."""

    def __init__(self, sessions: SessionFactory, clock: Clock, *, currency: str) -> None:
        self._sessions = sessions
        self._clock = clock
        self._currency = currency
        self._lock = Lock()
        self._catalogue: CatalogueSearch | None = None
        self._vocabulary: tuple[str, Vocabulary] | None = None

    def warm_up(self) -> None:
        """Build the index now, about a second, so that no shopper waits for it."""
        self._ready()

    def read(self, session: Session, text: str) -> SearchQuery:
        """What a line of words asks for, by the catalogue's own names."""
        index = self._ready().index
        known = self._vocabulary
        if known is None or known[0] != index.version:
            known = (
                index.version,
                Vocabulary.of(
                    terms(session),
                    features=index.features,
                    ordinary_words=index.ordinary_words,
                ),
            )
            self._vocabulary = known
        return parse(text, known[1], currency=self._currency)

    def find(
        self, session: Session, query: SearchQuery, *, limit: int, skip: int = 0
    ) -> SearchResult:
        """The products that fit, best first, at today's prices."""
        return self._ready().search(session, query, limit=limit, skip=skip, now=self._clock.now())

    @property
    def catalogue(self) -> CatalogueSearch:
        """The search itself, built where this is the first need of it."""
        return self._ready()

    def _ready(self) -> CatalogueSearch:
        with self._lock:
            if self._catalogue is None:
                self._catalogue = CatalogueSearch.build(self._sessions, now=self._clock.now())
            return self._catalogue
