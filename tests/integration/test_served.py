"""What the failover drill makes of the snapshots that an edge had: tests/lib/served.py."""
from served import Served

P = 0


def seen(*looks):
    """`looks`: (made, seen, epoch), in microseconds."""
    served = Served(None)
    served.looks[P] = list(looks)
    return served


def test_a_snapshot_that_the_victim_made_before_its_death_is_no_service():
    assert seen((100, 110, 7), (200, 250, 7)).seen_us(P, 220, above=7) == 0
    assert seen((100, 110, 7), (200, 250, 7), (300, 310, 8)).seen_us(P, 220, above=7) == 310


def test_who_took_over_just_before_the_death_serves():
    assert seen((100, 110, 7), (140, 145, 8), (200, 210, 8)).seen_us(P, 150, above=7) == 210


def test_the_longest_time_without_a_snapshot_begins_with_the_last_one_before():
    assert seen((1000, 1000, 7), (3000, 4000, 7), (9000, 9000, 7), (10000, 10000, 7)).pause_ms(P, 2000) == 5
    assert seen((1000, 1000, 7), (8000, 9000, 7), (9500, 9500, 7)).pause_ms(P, 2000) == 8
