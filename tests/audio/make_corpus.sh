#!/usr/bin/env bash
# Makes tests/audio/corpus anew. Needs sox, ffmpeg and espeak-ng, and is run only to change it:
# the files are committed, so that the tests need none of them.
#
# corpus/ENCODER-ENCODING-RATE-CHANNELS[-REMARK].wav   to be taken in; the name says what it holds
# corpus/reference.wav, corpus/reference-short.wav     what should come out, made by sox
# corpus/other/                                        to be refused: other formats called .wav
set -euo pipefail
cd "$(dirname "$0")"
rm -rf corpus
mkdir -p corpus/other
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

speech=$work/speech.wav
short=$work/short.wav
espeak-ng -v nl -s 210 -a 80 -w "$speech" "Wij zijn gesloten."
sox -D "$speech" "$short" trim 0.2 0.5

cd corpus
# -D: no dither, so that making it twice gives the same files.
sox -D "$speech" -r 8000 -b 16 reference.wav
sox -D "$short" -r 8000 -b 16 reference-short.wav

of_sox() { # NAME SOURCE OPTION... [-- EFFECT...]
  local name=$1 source=$2
  shift 2
  local options=()
  while (($#)) && [[ $1 != -- ]]; do options+=("$1"); shift; done
  (($#)) && shift
  sox -D "$source" "${options[@]}" "sox-$name.wav" "$@"
}
of_sox pcm8-8000-1 "$speech" -r 8000 -b 8 -e unsigned
of_sox pcm16-8000-1 "$speech" -r 8000 -b 16
of_sox pcm24-8000-1 "$speech" -r 8000 -b 24
of_sox pcm32-8000-1 "$speech" -r 8000 -b 32 -e signed
of_sox float32-8000-1 "$speech" -r 8000 -b 32 -e float
of_sox float64-8000-1 "$speech" -r 8000 -b 64 -e float
of_sox alaw-8000-1 "$speech" -r 8000 -e a-law
of_sox ulaw-8000-1 "$speech" -r 8000 -e mu-law
of_sox pcm16-11025-1 "$speech" -r 11025 -b 16
of_sox pcm32-11025-1 "$speech" -r 11025 -b 32 -e signed
of_sox pcm16-12000-2 "$speech" -r 12000 -b 16 -c 2
of_sox pcm8-16000-1 "$speech" -r 16000 -b 8 -e unsigned
of_sox pcm16-16000-2 "$speech" -r 16000 -b 16 -c 2
of_sox pcm24-22050-1 "$speech" -r 22050 -b 24
of_sox alaw-22050-2 "$speech" -r 22050 -e a-law -c 2
of_sox pcm16-24000-1 "$speech" -r 24000 -b 16
of_sox float32-32000-1 "$speech" -r 32000 -b 32 -e float
of_sox pcm16-44100-2 "$speech" -r 44100 -b 16 -c 2
of_sox ulaw-44100-1 "$speech" -r 44100 -e mu-law
of_sox pcm16-48000-1 "$speech" -r 48000 -b 16
of_sox pcm16-96000-1-short "$short" -r 96000 -b 16
of_sox pcm8-96000-2-short "$short" -r 96000 -b 8 -e unsigned -c 2
of_sox pcm16-8000-1-soft "$speech" -r 8000 -b 16 -- vol 0.05
of_sox pcm16-16000-1-loud "$speech" -r 16000 -b 16 -- norm -0.1
of_sox pcm16-16000-2-left-only "$speech" -r 16000 -b 16 -- remix 1 0
of_sox ulaw-8000-1-odd "$speech" -r 8000 -e mu-law -- rate 8000 trim 0 8001s
of_sox pcm24-16000-1-plain "$speech" -r 16000 -b 24 -t wavpcm
sox -D "$speech" -r 8000 -b 16 -t raw - |
  sox -t raw -r 8000 -b 16 -e signed -c 1 - -t wav - 2>/dev/null | cat >sox-pcm16-8000-1-pipe.wav

of_ffmpeg() { # NAME SOURCE OPTION...
  local name=$1 source=$2
  shift 2
  ffmpeg -nostdin -v error -i "$source" "$@" -f wav "ffmpeg-$name.wav"
}
of_ffmpeg pcm8-11025-1 "$speech" -ar 11025 -c:a pcm_u8
of_ffmpeg pcm16-8000-1 "$speech" -ar 8000
of_ffmpeg pcm16-8000-1-bitexact "$speech" -ar 8000 -fflags +bitexact
of_ffmpeg pcm16-8000-1-metadata "$speech" -ar 8000 -metadata title=Gesloten -metadata artist=Wij
of_ffmpeg pcm16-8000-1-junk "$speech" -ar 8000 -rf64 auto
of_ffmpeg pcm16-22050-1-bext "$speech" -write_bext 1 -metadata description=Gesloten
of_ffmpeg pcm16-32000-1-peak "$speech" -ar 32000 -write_peak on
of_ffmpeg pcm24-24000-1 "$speech" -ar 24000 -c:a pcm_s24le
of_ffmpeg pcm24-96000-2-short "$short" -ar 96000 -ac 2 -c:a pcm_s24le
of_ffmpeg pcm32-12000-2 "$speech" -ar 12000 -ac 2 -c:a pcm_s32le
of_ffmpeg float32-48000-1-short "$short" -ar 48000 -c:a pcm_f32le
of_ffmpeg float64-16000-1 "$speech" -ar 16000 -c:a pcm_f64le
of_ffmpeg alaw-8000-1 "$speech" -ar 8000 -c:a pcm_alaw
of_ffmpeg ulaw-8000-1 "$speech" -ar 8000 -c:a pcm_mulaw
of_ffmpeg ulaw-16000-2 "$speech" -ar 16000 -ac 2 -c:a pcm_mulaw
of_ffmpeg alaw-8000-1-odd sox-ulaw-8000-1-odd.wav -c:a pcm_alaw
ffmpeg -nostdin -v error -i "$speech" -ar 44100 -f wav - | cat >ffmpeg-pcm16-44100-1-pipe.wav
ffmpeg -nostdin -v error -i "$speech" -ar 8000 -c:a pcm_alaw -f wav - |
  cat >ffmpeg-alaw-8000-1-pipe.wav

cp "$speech" espeakng-pcm16-22050-1.wav
espeak-ng -v nl -s 210 -a 80 --stdout "Wij zijn gesloten." | cat >espeakng-pcm16-22050-1-pipe.wav

# No encoder at hand writes cue points or a fact chunk into PCM: they are put in here.
insert_chunk() { # NAME CHUNK-ID HEX
  python3 - sox-pcm16-8000-1.wav "sox-$1.wav" "$2" "$3" <<'PYTHON'
import sys
from pathlib import Path

source, target, name, body = *map(Path, sys.argv[1:3]), sys.argv[3].encode(), bytes.fromhex(sys.argv[4])
data = source.read_bytes()
chunk = name + len(body).to_bytes(4, "little") + body
size = len(data) + len(chunk) - 8
target.write_bytes(data[:4] + size.to_bytes(4, "little") + data[8:36] + chunk + data[36:])
PYTHON
}
insert_chunk pcm16-8000-1-cue "cue " 01000000010000000000000064617461000000000000000000000000
insert_chunk pcm16-8000-1-fact fact 10270000

cd other
sox -D "$short" -r 16000 "$work/s.wav"
as() { ffmpeg -nostdin -v error -i "$work/s.wav" "${@:2}" "$work/$1" && mv "$work/$1" "$1.wav"; }
as mp3 -f mp3 -b:a 32k
as mp3-without-tags -f mp3 -b:a 32k -id3v2_version 0 -write_xing 0
as ogg-vorbis -f ogg -c:a libvorbis
as ogg-opus -f ogg -c:a libopus
as flac -f flac
as m4a -f ipod -c:a aac
as aac -f adts -c:a aac
as aiff -f aiff
as au -f au
as caf -f caf
as wma -f asf -c:a wmav2
as webm -f webm -c:a libopus
as wavpack -f wv
as w64 -f w64
as rf64 -f wav -rf64 always
as ima-adpcm -f wav -c:a adpcm_ima_wav
as ms-adpcm -f wav -c:a adpcm_ms
as gsm -f wav -ar 8000 -c:a libgsm_ms
as g722 -f wav -c:a g722
as g726 -f wav -ar 8000 -b:a 32k -c:a g726
as mp3-in-wav -f wav -c:a libmp3lame
as avi -f avi -c:a pcm_s16le
sox -D "$work/s.wav" -r 8000 -t amr-nb "$work/amr" 2>/dev/null && mv "$work/amr" amr.wav
sox -D "$work/s.wav" -t wav -B rifx.wav
sox -D "$work/s.wav" -r 8000 -c 6 six-channels.wav
sox -D "$work/s.wav" -r 192000 -b 8 192-khz.wav trim 0 0.2
sox -D "$work/s.wav" -r 6000 6-khz.wav
sox -D "$work/s.wav" -t raw headerless.wav
