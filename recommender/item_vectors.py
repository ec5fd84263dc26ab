"""Embeddings for a network to begin with: items that sessions meet together lie together.

Left singular vectors of the items' positive pointwise mutual information, which is what training on
neighbouring words or items finds at its best (Levy & Goldberg 2014), each as long as a drawn one
would be, and mixed with it: what no session tells apart has to be apart from the start.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from recommender.sequences import Log

FAR = 5
"""Items so many steps apart count as met together, the less the farther."""
COUNTED = 0.8
"""How much of an embedding is counted, as the cosine between the two; the rest is drawn."""
CONTEXT_POWER = 0.75
"""Makes common items less so as company (Levy, Goldberg & Dagan 2015)."""


def item_vectors(log: Log, items: int, *, units: int, seed: int) -> NDArray[np.float32]:
    """Embeddings of length 1 or nearly so, (items, units)."""
    draw = np.random.default_rng(seed)
    drawn = draw.normal(0, units**-0.5, (items, units))
    information = _information(_together(log, items))
    rank = min(units, items - 1)
    if rank < 1 or information.nnz == 0:
        return drawn.astype(np.float32)
    left, size, _ = svds(information, rank, v0=draw.normal(size=items))
    found = np.zeros((items, units))
    found[:, :rank] = left * np.sqrt(np.maximum(size, 0))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    known = length > 1e-6 * length.max()
    mixed = COUNTED * found / np.maximum(length, 1e-30) + np.sqrt(1 - COUNTED**2) * drawn
    return np.where(known, mixed, drawn).astype(np.float32)


def _together(log: Log, items: int) -> csr_matrix:
    """How often two items are met in one session, either way round, by 1 / steps between."""
    counts = csr_matrix((items, items), dtype=np.float64)
    for far in range(1, FAR + 1):
        one, other = log.item[:-far], log.item[far:]
        same = (
            (log.session[far:] == log.session[:-far]) & (one != other) & (one >= 0) & (other >= 0)
        )
        pairs = one[same], other[same]
        counts = counts + csr_matrix((np.full(len(pairs[0]), 1 / far), pairs), (items, items))
    return csr_matrix(counts + counts.T)


def _information(counts: csr_matrix) -> csr_matrix:
    """Positive pointwise mutual information, made symmetric again."""
    met = np.asarray(counts.sum(axis=1)).ravel()
    company = met**CONTEXT_POWER
    company /= max(company.sum(), 1e-30)
    pairs = counts.tocoo()
    said = np.log(pairs.data / met[pairs.row] / company[pairs.col])
    positive = csr_matrix((np.maximum(said, 0), (pairs.row, pairs.col)), counts.shape)
    return csr_matrix((positive + positive.T) / 2)
