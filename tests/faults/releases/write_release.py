"""Write what this version keeps of two documents, as SQL: run once, when a release adds a step.

Arguments: a folder for the store, and the file to write. It uses only what every version has had,
so that a tree of an earlier version can run it too.
"""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.sqlite_store import DATABASE_NAME, open_store
from schedules.store import Token

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ID, SECRET = "0123456789ab", "made-up-for-the-tests-of-stored-databases00"
TOKEN = f"bk_{ID}_{SECRET}"


def token(token_id: str, secret: str) -> Token:
    """Make a token of which the text is known."""
    return Token(
        id=token_id,
        name="centrale",
        sha256=sha256(secret.encode()).hexdigest(),
        is_operator=True,
        schedules=frozenset(),
        networks=(),
        created_at=AT,
    )


def main(folder: Path, file: Path) -> None:
    """Save each document twice, one that is deleted, and two tokens, one of them revoked."""
    documents = [
        read_document(path.read_bytes(), ForwardPolicy()).schedule
        for path in sorted(Path(__file__).parent.glob("*.yaml"))
    ]
    with closing(open_store(folder)) as store:
        for name in ("Eerst", ""):
            with store.writing("jan", AT) as writer:
                for schedule in documents:
                    saved = schedule.replace(name=name) if name else schedule
                    writer.save(saved, summary="bewaard")
        with store.writing("jan", AT) as writer:
            writer.save(documents[1].replace(id="weg", numbers=()), summary="bewaard")
        with store.writing("jan", AT) as writer:
            writer.delete("weg", summary="weg")
            writer.add_token(token(ID, SECRET))
            writer.add_token(token("ffffffffffff", "revoked"))
        with store.writing("jan", AT) as writer:
            writer.revoke_token("ffffffffffff")
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as db:
        file.write_text("".join(f"{line}\n" for line in db.iterdump()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
