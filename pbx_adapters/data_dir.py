"""What lies in the data directory beside the store."""

from typing import Final

AUDIO_FOLDER: Final = "audio"
CONTROL_SOCKET: Final = "control.sock"
LAST_GOOD_FILE: Final = "last-good.jsonl"
