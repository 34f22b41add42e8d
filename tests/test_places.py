"""The gazetteer finds what people type, offline."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from eex.places import _cities, _distance_km, find_places, fold, nearest_city, places_in


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Paris", "Paris", "city"),
        ("paris", "Paris", "city"),
        ("PARIS, FRANCE", "Paris", "city"),
        ("Zurich", "Zürich", "city"),
        ("sao paulo", "São Paulo", "city"),
        ("Himalaya", "Himalayas", "mountains"),
        ("usa", "United States", "country"),
        ("lake victoria", "Lake Victoria", "lake"),
        ("amazon river", "Amazonas", "river"),
        ("Tibet", "Plateau of Tibet", "plateau"),
        ("côte d'ivoire", "Ivory Coast", "country"),
        ("alps", "Alps", "mountains"),
    ],
)
def test_a_name_is_found_whatever_its_case_and_accents(text: str, name: str, kind: str) -> None:
    best = find_places(text)[0]
    assert (best.name, best.kind) == (name, kind)


def test_whole_names_come_before_beginnings_and_those_before_words_inside() -> None:
    names = [place.name for place in find_places("niger", limit=20)]
    assert names[0] == "Niger"
    assert names.index("Nigeria") > names.index("Niger")
    assert find_places("paulo")[0].name == "São Paulo"


@pytest.mark.parametrize(
    ("typo", "name"), [("parris", "Paris"), ("sahra", "Sahara"), ("Bolvia", "Bolivia")]
)
def test_one_wrong_letter_is_forgiven(typo: str, name: str) -> None:
    assert find_places(typo)[0].name == name


@pytest.mark.parametrize("text", ["", "   ", "?!", "xyzzyx", "a" * 10_000, "🙂"])
def test_no_such_place_is_no_error(text: str) -> None:
    assert find_places(text) == ()
    assert places_in(text) == ()


def test_no_more_than_the_limit() -> None:
    assert len(find_places("s", limit=5)) == 5
    assert find_places("s", limit=0) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rainforest near Manaus", ["Manaus"]),
        ("New Guinea jungle", ["New Guinea"]),
        ("deserts of namibia and lakes in canada", ["Namibia", "Canada"]),
        ("snow in the Alps", ["Alps"]),
        ("a nice beach", []),
        ("sand desert", []),
        ("mountains and islands", []),
        ("savannah", []),
        ("red earth", []),
    ],
)
def test_names_inside_a_text_are_found_and_plain_words_are_not(text: str, names: list[str]) -> None:
    assert [place.name for place in places_in(text)] == names


def test_a_place_lies_where_it_should() -> None:
    (manaus,) = places_in("Manaus")
    assert manaus.to_json() == {
        "name": "Manaus",
        "kind": "city",
        "lon": pytest.approx(-60.0, abs=0.1),
        "lat": pytest.approx(-3.1, abs=0.1),
        "country": "Brazil",
    }


def test_all_places_are_on_the_globe_and_named() -> None:
    for letter in "abcdefghijklmnopqrstuvwxyz":
        for place in find_places(letter, limit=10_000):
            assert place.name
            assert place.kind
            assert -180 <= place.lon <= 180
            assert -90 <= place.lat <= 90


def test_folding_keeps_words_alone() -> None:
    assert fold("Tromsø, Łódź & Saint-Étienne") == "tromso lodz saint etienne"


def test_it_imports_nothing_heavy() -> None:
    code = "import sys, eex.places; eex.places.find_places('x'); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_city_is_nearer_than_the_nearest() -> None:
    rng = random.Random(0)
    cities, _ = _cities()
    for _ in range(200):
        lon, lat = rng.uniform(-180, 180), rng.uniform(-90, 90)
        city, km = nearest_city(lon, lat)
        least = min(_distance_km(other.lon, other.lat, lon, lat) for other in cities)
        assert km == pytest.approx(least, abs=1e-6)
        assert city in cities
    for city in cities[:200]:
        assert nearest_city(city.lon, city.lat)[1] == pytest.approx(0, abs=1e-6)


def test_many_nearest_cities_take_no_time() -> None:
    nearest_city(0, 0)
    start = time.process_time()
    for row in range(2000):
        nearest_city(row % 360 - 180, row % 180 - 90)
    assert time.process_time() - start < 0.4  # one by one, in Python, they take over a second


def test_the_nearest_city_is_near() -> None:
    city, km = nearest_city(2.3, 48.9)
    assert city.name == "Paris"
    assert km < 10
    suva, far = nearest_city(-179.9, -17.9)  # over the antimeridian
    assert suva.country == "Fiji"
    assert far < 300
