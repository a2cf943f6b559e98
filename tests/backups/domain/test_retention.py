"""Retention against a slow model that counts for each archive alone, and by examples from the calendar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backups.domain.retention import (
    REASONS,
    Generation,
    Kept,
    Policy,
    PrunePlan,
    Shrinkage,
    find_shrinkage,
    plan_prune,
)

SOURCES = ("elexisdb", "elexisdb_sql", "lucinda")
FORMATS = {"hourly": "%Y%m%d %H %z", "daily": "%Y%m%d", "weekly": "%G-%V", "monthly": "%Y-%m", "yearly": "%Y"}
ZURICH = ZoneInfo("Europe/Zurich")


def archive(name="a", taken_at=datetime(2026, 3, 1, tzinfo=UTC), **changes):
    usual = Generation(
        name=name,
        source="elexisdb",
        taken_at=taken_at,
        size=1000,
        is_complete=True,
        is_ours=True,
        is_safety=False,
        is_pinned=False,
        is_proved=False,
        core_counts={},
    )
    return replace(usual, **changes)


def series(count, **changes):
    """Archives "0", "1", ... of one day after the other, the newest last."""
    return [archive(str(n), datetime(2026, 1, 1 + n, 12, tzinfo=UTC), **changes) for n in range(count)]


def local(*wall, fold=0):
    return datetime(*wall, tzinfo=ZURICH, fold=fold).astimezone(UTC)


def kept_by(policy, *moments):
    """Which of the moments survive, by their place in the list."""
    listing = [archive(f"{n:03}", moment) for n, moment in enumerate(moments)]
    return [int(kept.name) for kept in plan_prune(listing, [policy]).keep]


def reasons(plan):
    return {kept.name: kept.reasons for kept in plan.keep}


# Moments crowd around the two nights of Zurich in which the clock changes and around a year's end, with ties.
moments = st.one_of(
    st.builds(
        lambda day, halves: day + timedelta(minutes=30 * halves),
        st.sampled_from([datetime(2024, 10, 26, 20), datetime(2025, 3, 29, 20), datetime(2024, 12, 30, 20)]),
        st.integers(0, 20),
    ),
    st.builds(lambda days: datetime(2024, 1, 1, 22) + timedelta(days=days), st.integers(0, 1000)),
).map(lambda moment: moment.replace(tzinfo=UTC))
seldom = st.sampled_from([False, False, False, False, True])
archives = st.builds(
    lambda proof, **values: Generation(**values, is_proved=proof is True, is_failed=proof is False),
    name=st.integers(0, 999).map(str),
    source=st.sampled_from(SOURCES),
    taken_at=moments,
    size=st.integers(0, 9),
    is_complete=seldom.map(lambda flag: not flag),
    is_ours=seldom.map(lambda flag: not flag),
    is_safety=seldom,
    is_pinned=seldom,
    proof=st.sampled_from([None, None, None, True, False]),
)
listings = st.lists(archives, max_size=25, unique_by=lambda one: one.name)
places = st.integers(0, 4)
policies = st.builds(
    Policy,
    sources=st.none() | st.frozensets(st.sampled_from(SOURCES), min_size=1),
    last=st.integers(1, 4),
    hourly=places,
    daily=places,
    weekly=places,
    monthly=places,
    yearly=places,
    time_zone=st.sampled_from(["Europe/Zurich", "UTC", "Pacific/Auckland"]),
)
policy_lists = st.lists(policies, max_size=3)
quick = settings(max_examples=120, deadline=None)


def is_free(one):
    return one.is_complete and one.is_ours and not one.is_safety and not one.is_pinned


def is_generation(one):
    return is_free(one) and not one.is_failed


def model_keeps(one, listing, rules):
    """The slow model: an archive looks at all newer ones and asks whether places are left for itself."""
    rules = [rule for rule in rules if rule.sources is None or one.source in rule.sources]
    if not rules or not is_free(one):
        return True
    rivals = [other for other in listing if other.source == one.source and is_generation(other)]
    if one.is_failed:
        placed = [other for other in rivals if model_is_placed(other, rivals, rules)]
        return not placed or any(age(other) < age(one) for other in placed)
    if one.is_proved and not any(other.is_proved and age(other) > age(one) for other in rivals):
        return True
    return model_is_placed(one, rivals, rules)


def age(one):
    return one.taken_at, one.name


def model_is_placed(one, rivals, rules):
    newer = [other for other in rivals if age(other) > age(one)]
    return any(model_has_place(one, newer, rule) for rule in rules)


def model_has_place(one, newer, rule):
    zone = ZoneInfo(rule.time_zone)
    for period, form in FORMATS.items():
        own = one.taken_at.astimezone(zone).strftime(form)
        taken = {other.taken_at.astimezone(zone).strftime(form) for other in newer}
        if own not in taken and len(taken) < getattr(rule, period):
            return True
    return len(newer) < rule.last


@quick
@given(listings, policy_lists)
def test_the_plan_is_what_the_slow_model_says(listing, rules):
    plan = plan_prune(listing, rules)
    assert set(plan.delete) == {one.name for one in listing if not model_keeps(one, listing, rules)}


@quick
@given(listings, policy_lists)
def test_no_archive_is_forgotten_or_planned_twice(listing, rules):
    plan = plan_prune(listing, rules)
    assert sorted([*reasons(plan), *plan.delete]) == sorted(one.name for one in listing)
    assert len(plan.keep) + len(plan.delete) == len(listing)
    assert all(kept.reasons and set(kept.reasons) <= set(REASONS) for kept in plan.keep)


@quick
@given(listings, policy_lists, policies)
def test_another_policy_never_deletes_more_of_a_covered_source(listing, rules, another):
    covered = {one.name for one in listing if any(rule.covers(one.source) for rule in rules)}
    before = set(plan_prune(listing, rules).delete)
    assert set(plan_prune(listing, [*rules, another]).delete) & covered <= before


@quick
@given(listings, policies, st.sampled_from(["last", *FORMATS]))
def test_a_more_generous_policy_never_deletes_more(listing, rule, place):
    generous = replace(rule, **{place: getattr(rule, place) + 1})
    assert set(plan_prune(listing, [generous]).delete) <= set(plan_prune(listing, [rule]).delete)


@quick
@given(listings, policy_lists)
def test_the_newest_and_the_newest_proved_of_a_source_are_never_deleted(listing, rules):
    deleted = set(plan_prune(listing, rules).delete)
    for source in SOURCES:
        mine = sorted((one for one in listing if one.source == source), key=lambda one: (one.taken_at, one.name))
        proved = [one for one in mine if one.is_proved]
        counting = [one for one in mine if is_generation(one)]
        for last in (mine[-1:], proved[-1:], counting[-1:]):
            assert deleted.isdisjoint(one.name for one in last)


@quick
@given(listings, policy_lists)
def test_nothing_but_complete_free_archives_of_ours_is_deleted(listing, rules):
    deleted = set(plan_prune(listing, rules).delete)
    assert all(is_free(one) for one in listing if one.name in deleted)


@quick
@given(listings, policy_lists)
def test_an_archive_that_failed_changes_nothing_for_the_good_ones(listing, rules):
    good = [one for one in listing if not one.is_failed]
    with_failed, alone = plan_prune(listing, rules), plan_prune(good, rules)
    names = {one.name for one in good}
    assert set(with_failed.delete) & names == set(alone.delete)
    assert [kept for kept in with_failed.keep if kept.name in names] == list(alone.keep)


@quick
@given(listings, policy_lists)
def test_a_damaged_archive_is_deleted_only_when_a_newer_good_one_stays(listing, rules):
    plan = plan_prune(listing, rules)
    for one in listing:
        if one.is_failed and one.name in plan.delete:
            rivals = [other for other in listing if other.source == one.source and is_generation(other)]
            assert any(age(other) > age(one) and other.name in reasons(plan) for other in rivals)


@quick
@given(listings, policy_lists)
def test_a_source_without_policy_loses_nothing(listing, rules):
    plan = plan_prune(listing, rules)
    for one in listing:
        is_covered = any(rule.covers(one.source) for rule in rules)
        assert ("no-policy" in reasons(plan).get(one.name, ())) is not is_covered


@quick
@given(listings, st.integers(1, 6))
def test_last_keeps_neither_too_few_nor_too_many(listing, last):
    plan = plan_prune(listing, [Policy(sources=None, last=last)])
    for source in SOURCES:
        counting = [one.name for one in listing if one.source == source and is_generation(one)]
        left = [name for name in counting if name not in plan.delete]
        only_proved = [name for name in left if reasons(plan)[name] == ("newest-proved",)]
        assert len(left) - len(only_proved) == min(last, len(counting))
        assert len(only_proved) <= 1


@quick
@given(listings, policy_lists)
def test_pruning_the_survivors_again_deletes_nothing_more(listing, rules):
    deleted = plan_prune(listing, rules).delete
    survivors = [one for one in listing if one.name not in deleted]
    assert plan_prune(survivors, rules).delete == ()


@quick
@given(listings.flatmap(lambda one: st.tuples(st.just(one), st.permutations(one))), policy_lists)
def test_the_order_of_the_listing_or_of_the_policies_changes_nothing(pair, rules):
    listing, shuffled = pair
    assert plan_prune(listing, rules) == plan_prune(shuffled, rules[::-1])


@quick
@given(listings, policy_lists)
def test_other_sources_do_not_take_up_places(listing, rules):
    alone = [plan_prune([one for one in listing if one.source == source], rules) for source in SOURCES]
    together = plan_prune(listing, rules)
    assert together.delete == tuple(name for plan in alone for name in plan.delete)
    assert together.keep == tuple(kept for plan in alone for kept in plan.keep)


def test_an_empty_listing_deletes_nothing():
    assert plan_prune([], [Policy(sources=None, last=1)]) == PrunePlan((), ())


def test_no_policy_at_all_deletes_nothing():
    plan = plan_prune(series(3), [])
    assert plan == PrunePlan(tuple(Kept(name, ("no-policy",)) for name in "012"), ())


def test_dumps_do_not_push_out_archives_of_the_same_database():
    dumps = [replace(one, name=f"sql{one.name}", source="elexisdb_sql") for one in series(5)]
    plan = plan_prune(series(2) + dumps, [Policy(sources=frozenset({"elexisdb"}), last=2)])
    assert plan.delete == ()


def test_a_name_listed_twice_is_refused_before_the_wrong_file_goes():
    with pytest.raises(ValueError, match="twice"):
        plan_prune([archive(), archive(source="lucinda")], [Policy(sources=None, last=1)])


def test_the_oldest_is_deleted_first_so_that_a_broken_run_leaves_the_newer_ones():
    assert plan_prune(series(4)[::-1], [Policy(sources=None, last=1)]).delete == ("0", "1", "2")


def test_archives_of_the_same_moment_are_told_apart_by_name():
    plan = plan_prune([archive("b"), archive("c"), archive("a")], [Policy(sources=None, last=1)])
    assert plan.delete == ("a", "b")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_complete": False}, "incomplete"),
        ({"is_ours": False}, "never-verified"),
        ({"is_safety": True}, "safety"),
        ({"is_pinned": True}, "pinned"),
    ],
)
def test_an_exempt_archive_stays_and_uses_up_no_place(change, reason):
    first, second, third = series(3)
    plan = plan_prune([first, second, replace(third, **change)], [Policy(sources=None, last=1)])
    assert plan == PrunePlan((Kept("1", ("last",)), Kept("2", (reason,))), ("0",))


def test_archives_that_failed_do_not_push_out_good_ones():
    first, second, *bad = series(4)
    listing = [first, second, *(replace(one, is_failed=True) for one in bad)]
    plan = plan_prune(listing, [Policy(sources=None, last=2)])
    assert plan.delete == ()
    assert reasons(plan) == {"0": ("last",), "1": ("last",), "2": ("proof-failed",), "3": ("proof-failed",)}


def test_an_archive_that_failed_goes_when_all_that_are_kept_are_newer():
    first, *good = series(3)
    assert plan_prune([replace(first, is_failed=True), *good], [Policy(sources=None, last=2)]).delete == ("0",)


def test_archives_that_failed_stay_as_long_as_there_is_nothing_better():
    plan = plan_prune(series(3, is_failed=True), [Policy(sources=None, last=1)])
    assert plan.delete == ()


def test_an_archive_shows_all_reasons_that_keep_it():
    one = archive(is_proved=True)
    plan = plan_prune([one], [Policy(sources=None, last=1, daily=1), Policy(sources=None, last=2, yearly=1)])
    assert plan.keep == (Kept("a", ("last", "daily", "yearly", "newest-proved")),)


def test_newer_unproved_archives_do_not_push_out_the_last_proved_one():
    proved, *unproved = series(4)
    older = archive("older", datetime(2025, 12, 1, tzinfo=UTC), is_proved=True)
    plan = plan_prune([older, replace(proved, is_proved=True), *unproved], [Policy(sources=None, last=2)])
    assert plan.delete == ("older", "1")
    assert reasons(plan)["0"] == ("newest-proved",)


def test_a_pinned_proof_that_may_yet_fail_does_not_cost_the_proved_one_before_it():
    first, second, third = series(3, is_proved=True)
    listing = [first, replace(second, is_pinned=True), replace(third, is_proved=False)]
    assert plan_prune(listing, [Policy(sources=None, last=1)]).delete == ()


def test_the_strictest_of_two_policies_does_not_win():
    strict, generous = Policy(sources=None, last=1), Policy(sources=frozenset({"elexisdb"}), last=4)
    assert plan_prune(series(5), [strict, generous]).delete == ("0",)


def test_daily_keeps_the_newest_of_each_local_day_not_of_the_utc_day():
    rule = Policy(sources=None, last=1, daily=3)
    days = [
        local(2026, 1, 1, 23, 30),
        local(2026, 1, 2, 0, 30),
        local(2026, 1, 2, 22),
        local(2026, 1, 3, 0, 15),
    ]
    assert kept_by(rule, *days) == [0, 2, 3]


def test_daily_counts_days_with_an_archive_so_that_a_holiday_deletes_nothing():
    rule = Policy(sources=None, last=1, daily=3)
    assert kept_by(rule, *(local(2026, 7, day, 12) for day in (1, 2, 3, 24))) == [1, 2, 3]


def test_hourly_does_not_merge_the_two_hours_of_the_same_number_in_autumn():
    night = [local(2026, 10, 25, 2, 10), local(2026, 10, 25, 2, 50), local(2026, 10, 25, 2, 20, fold=1)]
    assert night == sorted(night)
    assert kept_by(Policy(sources=None, last=1, hourly=2), *night) == [1, 2]


def test_daily_sees_one_day_of_25_hours_in_autumn():
    edges = [local(2026, 10, 24, 23, 59), local(2026, 10, 25, 0, 0), local(2026, 10, 25, 23, 59)]
    assert edges[2] - edges[1] > timedelta(hours=24)
    assert kept_by(Policy(sources=None, last=1, daily=2), *edges) == [0, 2]


def test_daily_sees_one_day_of_23_hours_in_spring():
    edges = [local(2026, 3, 28, 23, 30), local(2026, 3, 29, 0, 30), local(2026, 3, 29, 23, 30)]
    edges.append(local(2026, 3, 30, 0, 15))
    assert kept_by(Policy(sources=None, last=1, daily=3), *edges) == [0, 2, 3]


def test_hourly_knows_that_the_hour_after_one_is_three_in_spring():
    night = [datetime(2026, 3, 29, hour, minute, tzinfo=UTC) for hour in (0, 1) for minute in (10, 40)]
    assert [moment.astimezone(ZURICH).hour for moment in night] == [1, 1, 3, 3]
    assert kept_by(Policy(sources=None, last=1, hourly=2), *night) == [1, 3]


def test_weekly_does_not_cut_the_week_at_new_year_or_in_the_night_of_the_clock_change():
    rule = Policy(sources=None, last=1, weekly=2)
    assert kept_by(rule, local(2025, 12, 28, 12), local(2025, 12, 29, 12), local(2026, 1, 4, 12)) == [0, 2]
    assert kept_by(rule, local(2026, 10, 19, 0), local(2026, 10, 25, 23, 30), local(2026, 10, 26, 0, 1)) == [
        1,
        2,
    ]


def test_monthly_keeps_the_newest_of_each_local_month_across_the_year():
    rule = Policy(sources=None, last=1, monthly=3)
    days = [local(2025, 11, 30, 23, 30), local(2025, 12, 1, 0, 30), local(2025, 12, 31, 23, 59)]
    assert kept_by(rule, local(2025, 10, 31, 23), *days, local(2026, 1, 1, 0, 5)) == [1, 3, 4]


def test_yearly_keeps_the_newest_of_each_local_year():
    eve, new_year = local(2025, 12, 31, 23, 30), local(2026, 1, 1, 0, 30)
    assert eve.year == new_year.year == 2025
    days = [local(2024, 2, 29), local(2025, 5, 1), eve, new_year]
    assert kept_by(Policy(sources=None, last=1, yearly=3), *days) == [0, 2, 3]
    assert kept_by(Policy(sources=None, last=1, yearly=2), *days) == [2, 3]


def test_weeks_and_months_of_the_same_number_in_different_years_are_not_merged():
    june = [local(2024, 6, 5), local(2025, 6, 4), local(2026, 6, 3)]
    assert len({moment.isocalendar()[1] for moment in june}) == 1
    assert kept_by(Policy(sources=None, last=1, weekly=3), *june) == [0, 1, 2]
    assert kept_by(Policy(sources=None, last=1, monthly=3), *june) == [0, 1, 2]


def test_grandfather_father_son_leaves_what_the_calendar_says():
    rule = Policy(sources=None, last=1, daily=7, weekly=4, monthly=3)
    start = datetime(2026, 1, 1, 1, tzinfo=UTC)
    left = kept_by(rule, *(start + timedelta(days=n) for n in range(120)))
    days = " ".join((start + timedelta(days=n)).strftime("%m-%d") for n in left)
    assert days == "02-28 03-31 04-12 04-19 04-24 04-25 04-26 04-27 04-28 04-29 04-30"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"last": 0},
        {"last": -1},
        *({period: -1} for period in FORMATS),
        {"sources": frozenset()},
        {"time_zone": "Europe/Zürich"},
        {"time_zone": "Europe"},
        {"time_zone": ""},
        {"time_zone": "../etc/passwd"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(nonsense):
    with pytest.raises(ValueError, match=r"last|negative|without sources|unknown time zone"):
        Policy(**{"sources": None, "last": 1, **nonsense})


@pytest.mark.parametrize(
    "nonsense",
    [
        {"taken_at": datetime(2026, 1, 1)},
        {"taken_at": datetime(2026, 1, 1, tzinfo=ZURICH)},
        {"size": -1},
        {"core_counts": {"kontakt": -1}},
    ],
)
def test_an_archive_that_cannot_be_ordered_or_measured_is_refused(nonsense):
    with pytest.raises(ValueError, match=r"UTC|negative"):
        archive(**nonsense)


NEW = archive("new", datetime(2026, 2, 1, tzinfo=UTC))


def sized(*sizes):
    return [replace(one, size=size) for one, size in zip(series(len(sizes)), sizes, strict=True)]


def test_the_first_archive_of_a_source_is_not_called_small():
    assert find_shrinkage(NEW, []) is None
    assert find_shrinkage(NEW, [replace(NEW, size=10**9)]) is None


@pytest.mark.parametrize(
    ("sizes", "smallest", "expected"),
    [
        ((1000,), 500, 1000),
        ((101,), 51, 101),
        ((100, 201), 76, 150),
        ((2, 100, 1000, 2000, 9000), 500, 1000),
        ((9, 9, 9, 2, 100, 1000, 2000, 9000), 500, 1000),
    ],
)
def test_half_the_median_of_the_last_five_is_fine_and_one_byte_less_is_not(sizes, smallest, expected):
    assert find_shrinkage(replace(NEW, size=smallest), sized(*sizes)) is None
    found = find_shrinkage(replace(NEW, size=smallest - 1), sized(*sizes)[::-1])
    assert found == Shrinkage("size", "", smallest - 1, expected)


def test_one_huge_archive_does_not_make_the_next_one_look_small():
    assert find_shrinkage(NEW, sized(1000, 1000, 1000, 1000, 90_000)) is None


@pytest.mark.parametrize(
    "change", [{"is_complete": False}, {"is_ours": False}, {"is_safety": True}, {"source": "lucinda"}]
)
def test_archives_that_are_no_measure_do_not_stop_the_deletion(change):
    assert find_shrinkage(NEW, series(5, size=10**9, core_counts={"kontakt": 5}, **change)) is None


def test_a_pinned_archive_is_still_a_measure():
    assert find_shrinkage(NEW, series(1, size=10**9, is_pinned=True)) == Shrinkage("size", "", 1000, 10**9)


def test_a_clock_that_was_set_back_does_not_disarm_the_check():
    backward = replace(NEW, taken_at=datetime(1970, 1, 1, tzinfo=UTC), size=1)
    assert find_shrinkage(backward, series(3)) == Shrinkage("size", "", 1, 1000)


def counted(one, **counts):
    return replace(one, core_counts=counts)


def test_a_fall_of_a_fifth_is_fine_and_one_row_more_is_not():
    earlier = [counted(archive("old"), kontakt=1000, faelle=10)]
    assert find_shrinkage(counted(NEW, kontakt=800, faelle=8), earlier) is None
    assert find_shrinkage(counted(NEW, kontakt=799, faelle=8), earlier) == Shrinkage("count", "kontakt", 799, 1000)


def test_archives_that_failed_their_proof_are_no_measure():
    bad = [replace(archive(str(n)), size=10, is_failed=True) for n in range(5)]
    assert find_shrinkage(replace(NEW, size=10), [archive("old"), *bad]) == Shrinkage("size", "", 10, 1000)


def test_a_table_that_has_vanished_stops_the_deletion():
    earlier = [counted(archive("old"), kontakt=1000, faelle=1)]
    assert find_shrinkage(counted(NEW, kontakt=1000), earlier) == Shrinkage("count", "faelle", 0, 1)


def test_an_archive_without_counts_after_one_with_counts_stops_the_deletion():
    earlier = [counted(archive("old"), kontakt=1000, faelle=1)]
    assert find_shrinkage(NEW, earlier) == Shrinkage("count", "faelle", 0, 1)


def test_a_new_table_or_one_that_was_empty_does_not_stop_the_deletion():
    earlier = [counted(archive("old"), kontakt=10, faelle=0)]
    assert find_shrinkage(counted(NEW, kontakt=10, faelle=0, termine=5), earlier) is None
    assert find_shrinkage(counted(NEW, kontakt=10), earlier) is None


def test_the_table_with_the_greatest_loss_is_the_one_that_is_named():
    earlier = [counted(archive("old"), kontakt=1000, faelle=100)]
    found = find_shrinkage(counted(NEW, kontakt=90, faelle=10), earlier)
    assert found == Shrinkage("count", "kontakt", 90, 1000)
    alike = find_shrinkage(counted(NEW, kontakt=100, faelle=10), earlier)
    assert alike == Shrinkage("count", "faelle", 10, 100)


def test_rows_are_compared_with_the_newest_earlier_archive_only():
    first, second = series(2)
    earlier = [counted(second, kontakt=100), counted(first, kontakt=10_000)]
    assert find_shrinkage(counted(NEW, kontakt=80), earlier) is None
