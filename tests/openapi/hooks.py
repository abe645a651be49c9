"""What schemathesis does not read by itself."""
import os
import sys

import schemathesis

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from packed import unpack  # noqa: E402 (beside the tests)


@schemathesis.deserializer("application/msgpack")
def of_msgpack(_, response):
    return as_json(unpack(response.content))


def as_json(value):
    """Bytes, which no schema says anything of, as text."""
    if isinstance(value, list):
        return [as_json(v) for v in value]
    return value.hex() if isinstance(value, bytes) else value
