"""Reading, deciding and writing as one, on a ruleset that others change at the same time.

Strategy: a transaction may be told to hold only for the very generation that was looked at. Whoever comes in between
makes the kernel refuse it, and the look begins anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from rawnl.errors import KernelError, OutcomeUnknown
from rawnl.nft.reader import Reader
from rawnl.nft.transaction import GenerationChanged, Transaction

T = TypeVar("T")

ATTEMPTS = 512
"""How often a change is tried again because others changed the ruleset at the same time."""

UNKNOWN_ATTEMPTS = 3
"""How often it is tried again after an answer was lost."""


class Guarded(Reader):
    """Reading and transactions, and both as one."""

    def transaction(self, *, generation: int | None = None) -> Transaction:
        """Changes that are made together or not at all; see `Transaction`.

        `generation`: commit only if the ruleset is still of this generation (`GenerationChanged` otherwise).
        """
        return Transaction(self._channel, generation=generation)

    def guarded(self, work: Callable[[Transaction], T], *, attempts: int = ATTEMPTS, idempotent: bool = False) -> T:
        """Read, decide and write as one: `work` reads what it needs and fills the transaction that it is given.

        If the ruleset changes before that is committed, `work` is called again with a new one, also when it raises a
        KernelError. If the answer is lost and nothing tells how it went, so is `idempotent` work, which finds by
        itself what is already done. A transaction left empty is for reading several things as one. Returns
        what `work` returned at last. Raises GenerationChanged when that happened `attempts` times in a row, and what
        `Transaction` raises.
        """
        unknown = 0
        for attempt in range(1, attempts + 1):
            generation = None
            try:
                generation = self.generation()
                transaction = self.transaction(generation=generation)
                result = work(transaction)
                transaction.commit()
                return result
            except OutcomeUnknown:
                unknown += 1
                if not idempotent or unknown == UNKNOWN_ATTEMPTS or attempt == attempts:
                    raise
            except GenerationChanged:
                if attempt == attempts:
                    raise
            except KernelError:
                # What `work` reads piece by piece need not fit together if the ruleset changes meanwhile.
                if attempt == attempts or generation is None or self.generation() == generation:
                    raise
            # Those who collide are spread over a time that grows with the crowd.
            time.sleep(random.uniform(0, min(0.0002 * 2 ** min(attempt, 8), 0.02)))
        raise ValueError("a transaction needs at least one attempt")
