# SPDX-License-Identifier: Apache-2.0
"""Real devices of more kinds, behind a full-speed hub: sound, a smart card reader, a network adapter."""

import base64
import contextlib
import hashlib
import os
import socket
import subprocess
import threading

from lab import expect
from real_lab import real, test_of

RATE = 48000
SECONDS = 2
WAV_HEADER = 44


@test_of(
    "usb-audio, usb-hub",
    "full",
    "isochronous OUT: noise that `aplay` plays arrives bit by bit in the host's file",
)
def real_audio_plays_bit_exact(lab):
    frames, wav = SECONDS * RATE, lab.logs / "sound.wav"
    lab_of_devices = real(lab)
    lab_of_devices.plug("usb-audio,id=sound,audiodev=sound,buffer=1048576,bus=xhci.0,port=6.2")
    # At full volume QEMU leaves the samples as they are.
    text = lab_of_devices.run(
        f"""
        wait_for 20 real_busid Audio >/tmp/busid
        read -r busid </tmp/busid
        wait_for 20 is_listed $busid
        wait_for 20 has_driver $busid snd-usb-audio
        attach $busid
        wait_for 20 came_over_usbip Audio
        wait_for 20 [ -c /dev/snd/pcmC0D0p ]
        amixer -q -c 0 sset "$(amixer -c 0 scontrols | cut -d "'" -f 2)" 100% on
        head -c {frames * 4} /dev/urandom >/tmp/noise
        aplay -q -D hw:0 -t raw -f S16_LE -r 48000 -c 2 --period-size 4800 --buffer-size 48000 \
            /tmp/noise 2>&1
        md5sum </tmp/noise
        head -c 64 /tmp/noise | base64 -w 0; echo
        rm /tmp/noise
        give_back $busid
        wait_for 20 has_driver $busid snd-usb-audio""",
        120,
    )
    lab_of_devices.pull("sound")
    checksum, start = text.splitlines()[-2:]
    played = wav.read_bytes()[WAV_HEADER:]
    at = played.find(base64.b64decode(start))
    expect(at >= 0, f"the start of the noise is not in the {len(played)} bytes that were played")
    noise = played[at : at + frames * 4]
    same = hashlib.md5(noise).hexdigest() == checksum.split()[0]
    expect(same, f"the noise is not as it was: {len(noise)} of {frames * 4} bytes, from {at} on")
    expect(not any(played[:at]), "before the noise is no silence")
    expect(not any(played[at + frames * 4 :]), "behind the noise is no silence")


def certificate(folder):
    """A data base for QEMU's card, with one certificate; its bytes."""
    folder.mkdir()
    noise, data_base = folder / "noise", f"sql:{folder}"
    noise.write_bytes(os.urandom(64))
    for arguments in (
        "-N --empty-password",
        f"-S -n card -s CN=card -x -t CTu,Cu,Tu -k rsa -g 2048 -z {noise}",
    ):
        subprocess.run(
            ["certutil", "-d", data_base, *arguments.split()], check=True, capture_output=True
        )
    return subprocess.run(
        ["certutil", "-d", data_base, "-L", "-n", "card", "-r"], check=True, capture_output=True
    ).stdout


@test_of(
    "usb-ccid, usb-hub",
    "full",
    "`pcscd` finds the reader; the certificate on its card is read through it",
)
def real_card_reader_reads(lab):
    expected = certificate(lab.logs / "card")
    lab_of_devices = real(lab)
    lab_of_devices.plug("usb-ccid,id=reader,bus=xhci.0,port=6.3")
    lab_of_devices.plug(
        "ccid-card-emulated,id=card,bus=reader.0,backend=certificates,"
        f"db=sql:{lab.logs}/card,cert1=card,cert2=card,cert3=card"
    )
    text = lab_of_devices.run(
        """
        wait_for 20 real_busid CCID >/tmp/busid
        read -r busid </tmp/busid
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 20 came_over_usbip CCID
        find_device usbip CCID
        wait_for 20 [ -d /sys/bus/usb/devices/$found:1.0 ]
        mkdir -p /run/pcscd
        pcscd --foreground >/tmp/pcscd 2>&1 &
        reads_card() { python3 -S /card.py >/tmp/card 2>&1; }
        wait_for 40 reads_card || { cat /tmp/card /tmp/pcscd; exit 1; }
        kill $(pidof pcscd)
        cat /tmp/card
        give_back $busid""",
        120,
    )
    lab_of_devices.pull("reader")
    read = base64.b64decode(text.splitlines()[-1])
    expect(expected in read, f"the certificate is not what the card said: {text}")


class Mirror(threading.Thread):
    """Sends noise to each who connects, and keeps what they send back."""

    def __init__(self, size):
        super().__init__(daemon=True)
        self.noise, self.came = os.urandom(size), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    connection.sendall(self.noise)
                    self.came.append(connection.makefile("rb").read())


# What the guest does with it.
REFLECT = """
import socket
mirror = socket.create_connection(("10.0.3.2", {port}), 20)
data = bytearray()
while len(data) < {size}:
    data += mirror.recv(65536) or exit("that was all")
mirror.sendall(data)
mirror.shutdown(socket.SHUT_WR)
mirror.recv(1)
"""


@test_of(
    "usb-net, usb-hub",
    "full",
    "256 KiB go there and back through `cdc_ether`, and after a SET_CONFIGURATION `rndis_host`",
)
def real_network_adapter_moves_data(lab):
    mirror, lab_of_devices = Mirror(256 << 10), real(lab)
    lab_of_devices.monitor.command("netdev_add user,id=usbnet,net=10.0.3.0/24")
    lab_of_devices.plug("usb-net,id=usbnet,netdev=usbnet,bus=xhci.0,port=6.4")
    text = lab_of_devices.run(
        f"""
        wait_for 20 real_busid Network >/tmp/busid
        read -r busid </tmp/busid
        wait_for 20 is_listed $busid
        attach $busid
        wait_for 20 came_over_usbip Network
        find_device usbip Network
        device=/sys/bus/usb/devices/$found
        has_link() {{ has "$device/*/net/*"; }}
        move_data() {{
            wait_for 20 has_link
            link=$(basename $device/*/net/*)
            basename $(readlink -f /sys/class/net/$link/device/driver)
            ip addr add 10.0.3.15/24 dev $link
            ip link set $link up
            python3 -S - <<'END'
{REFLECT.format(port=mirror.port, size=len(mirror.noise))}
END
        }}
        move_data
        read -r first <$device/bConfigurationValue
        echo $((3 - first)) >$device/bConfigurationValue
        move_data
        give_back $busid""",
        120,
    )
    lab_of_devices.pull("usbnet")
    mirror.listener.close()
    drivers = [word for word in text.split() if word in ("cdc_ether", "rndis_host")]
    expect(drivers == ["cdc_ether", "rndis_host"], f"drivers: {text}")
    expect(mirror.came == [mirror.noise] * 2, f"what came back is not the same: {text}")
