#!/usr/bin/env python3
"""Reads kudos.milestones.v1 and tells each milestone once: the place to send a mail, or to light a badge.

    milestones.py --brokers HOST:PORT --file told.txt        tells what the topic holds and is not in the file yet, and ends

A line for each: `id count time`, where the time is that of the edge whose likes passed the threshold. The file keeps the ids that were told. An id is a
function of counter, item and threshold alone, so whatever comes again is dropped: after a kill of central, and after a restore of it, too. The file
is written before a line is printed: a kill between the two loses the line. Who would rather tell twice turns the two around.

It begins at the oldest record of the topic each time: milestones are few. Needs the Debian packages python3-confluent-kafka and python3-msgpack.
"""
import argparse
import os

from kudos_records import decode
from liked import read_new


def main():
    parser = argparse.ArgumentParser(description="Tells each milestone of Kudos once.")
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,...")
    parser.add_argument("--file", required=True)
    parser.add_argument("--topic", default="kudos.milestones.v1")
    options = parser.parse_args()
    told = set()
    if os.path.exists(options.file):
        with open(options.file, encoding="utf-8") as file:
            told = set(file.read().split())
    with open(options.file, "a", encoding="utf-8") as file:
        for message in read_new(options, {}):
            for milestone in decode(message.value())["milestones"]:
                if milestone["id"] in told:
                    continue
                told.add(milestone["id"])
                file.write(milestone["id"] + "\n")
                file.flush()
                print(milestone["id"], milestone["count"], milestone["time_us"])


if __name__ == "__main__":
    main()
