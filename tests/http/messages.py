"""Messages to download."""

from tests.http.site import DIGEST

TAG = f'"{DIGEST}"'
PATH = f"/audio/{DIGEST}.wav"
