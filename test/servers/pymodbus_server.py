"""A Modbus server on pymodbus 3.0 (Debian), told by one JSON argument what to be.

    {"transport": {"tcp": 0} or {"serial": "/dev/pts/3"},
     "framer": "socket", "rtu" or "ascii",
     "units": {"1": {"holding": {"values": {"0": [1, 2]}, "holes": [[10, 5]], "only": false}}}}

Tables are holding, input, coils and discrete. A register holds its own address unless "values" says otherwise, a bit the
lowest bit of its address. "holes" ([first, count]) answer exception 2; with "only", so does whatever "values" does not
name. Units that are not listed do not answer.

Standard output: one line "listening PORT" or "listening PATH". Standard input: one JSON object a line,
{"unit": 1, "table": "holding", "address": 0, "values": [7]}, answered by "set" once it is in force.
"""

import asyncio
import json
import os
import signal
import sys
import tty
import types

try:
    import serial  # noqa: F401
except ImportError:
    # pymodbus.server imports pyserial even for TCP, and Debian only recommends it. The serial line is opened here
    # without it, so that a machine needs nothing but python3-pymodbus.
    sys.modules["serial"] = types.ModuleType("serial")
try:
    import serial_asyncio  # noqa: F401
except ImportError:
    sys.modules["serial_asyncio"] = types.ModuleType("serial_asyncio")
    sys.modules["serial_asyncio"].create_serial_connection = None

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.datastore.store import BaseModbusDataBlock
from pymodbus.factory import ServerDecoder
from pymodbus.server.async_io import ModbusSingleRequestHandler, ModbusTcpServer
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

ADDRESSES = 0x10000
READ_SIZE = 4096
FRAMERS = {"socket": ModbusSocketFramer, "rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer}
# The names that pymodbus gives the four tables, and whether they hold bits.
TABLES = {
    "coils": ("co", "c", True),
    "discrete": ("di", "d", True),
    "input": ("ir", "i", False),
    "holding": ("hr", "h", False),
}


class Table(BaseModbusDataBlock):
    """Values by address, with addresses that do not exist."""

    def __init__(self, bits, values=None, holes=(), only=False):
        own = {} if only else {a: bool(a & 1) if bits else a for a in range(ADDRESSES)}
        self.address = 0
        self.bits = bits
        self.values = own
        self.default_value = 0
        for first, numbers in (values or {}).items():
            self.setValues(int(first), numbers)
        for first, count in holes:
            for address in range(first, first + count):
                self.values.pop(address, None)

    def validate(self, address, count=1):
        return count > 0 and all(a in self.values for a in range(address, address + count))

    def getValues(self, address, count=1):
        return [self.values[a] for a in range(address, address + count)]

    def setValues(self, address, values):
        for offset, value in enumerate(values if isinstance(values, list) else [values]):
            self.values[address + offset] = bool(value) if self.bits else value


class SerialTransport:
    """The part of an asyncio transport that pymodbus's handler uses, on a raw terminal."""

    def __init__(self, path, handler, lost):
        self.loop = asyncio.get_running_loop()
        self.handler = handler
        self.lost = lost
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.descriptor)
        self.loop.add_reader(self.descriptor, self.readable)
        handler.connection_made(self)

    def readable(self):
        try:
            received = os.read(self.descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            received = b""
            print(f"serial line lost: {error}", file=sys.stderr)
        if received:
            self.handler.data_received(received)
        else:
            self.loop.remove_reader(self.descriptor)
            self.lost()

    def write(self, packet):
        # A response has at most 256 bytes; the terminal's buffer holds 4096.
        os.write(self.descriptor, packet)

    def close(self):
        self.loop.remove_reader(self.descriptor)
        os.close(self.descriptor)


class SerialServer:
    """What pymodbus's handler asks its server for."""

    handler = None
    broadcast_enable = False
    ignore_missing_slaves = True
    response_manipulator = None

    def __init__(self, context, framer):
        self.context = context
        self.framer = framer
        self.decoder = ServerDecoder()


def make_context(units):
    slaves = {}
    for unit, tables in units.items():
        blocks = {}
        for name, (keyword, _, bits) in TABLES.items():
            blocks[keyword] = Table(bits, **tables.get(name, {}))
        slaves[int(unit)] = ModbusSlaveContext(zero_mode=True, **blocks)
    return ModbusServerContext(slaves=slaves, single=False)


def apply(context, line):
    change = json.loads(line)
    key = TABLES[change["table"]][1]
    context[change["unit"]].store[key].setValues(change["address"], change["values"])
    print("set", flush=True)


async def follow(context):
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        apply(context, line)


async def main():
    plan = json.loads(sys.argv[1])
    context = make_context(plan["units"])
    framer = FRAMERS[plan["framer"]]
    transport = plan["transport"]
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end():
        if not ended.done():
            ended.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)

    if "serial" in transport:
        server = SerialServer(context, framer)
        SerialTransport(transport["serial"], ModbusSingleRequestHandler(server), end)
        print(f"listening {transport['serial']}", flush=True)
    else:
        server = ModbusTcpServer(
            context, framer=framer, address=("127.0.0.1", transport["tcp"]), allow_reuse_address=True
        )
        serving = asyncio.ensure_future(server.serve_forever())
        await asyncio.wait([serving, server.serving], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        print(f"listening {server.server.sockets[0].getsockname()[1]}", flush=True)

    changes = asyncio.ensure_future(follow(context))
    await ended
    changes.cancel()
    os._exit(0)


asyncio.run(main())
