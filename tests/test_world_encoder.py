"""The embedded encoder keeps what its docstrings promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.encoders.base import EncodesImage, EncodesPlace, EncodesText, ReadsText
from eex.encoders.open import encoder as open_encoder
from eex.encoders.world import DEMO_BLUEMARBLE_CONCEPTS, WorldEncoder
from eex.encoders.world_features import FEATURES, tile_features
from eex.encoders.world_languages import into_english
from eex.encoders.world_maps import spherical_harmonics
from eex.encoders.world_text import one_edit
from eex.errors import BadPlaceError, BadQueryError, NotUnderstoodError, ShapeError
from eex.grid import Grid
from eex.imagery.bluemarble import BlueMarble
from eex.sources.world import WorldSource

Tiles = tuple[NDArray[np.float64], NDArray[np.uint8]]


@pytest.fixture(scope="module")
def encoder() -> WorldEncoder:
    loaded = DEMO_BLUEMARBLE_CONCEPTS.load("cpu")
    assert isinstance(loaded, WorldEncoder)
    return loaded


@pytest.fixture(scope="module")
def world() -> Tiles:
    """Every sixth tile of the world: centres and pictures."""
    lonlat = Grid(100.0).centres(WorldSource().cells)[::6]
    return lonlat, BlueMarble.open().cut(lonlat)


@pytest.fixture(scope="module")
def vectors(encoder: WorldEncoder, world: Tiles) -> NDArray[np.float32]:
    """What the encoder makes of these pictures."""
    return encoder.encode_image(world[1])


def test_it_has_the_abilities_its_record_lists(encoder: WorldEncoder) -> None:
    for ability in (EncodesText, EncodesImage, EncodesPlace, ReadsText):
        assert isinstance(encoder, ability)
    assert DEMO_BLUEMARBLE_CONCEPTS.modalities == ("text", "image", "place")
    assert DEMO_BLUEMARBLE_CONCEPTS.demo


def test_all_vectors_are_unit_length(encoder: WorldEncoder, world: Tiles) -> None:
    lonlat, tiles = world
    for vectors in (
        encoder.encode_text(["jungle", "a large lake", "desert " * 200]),
        encoder.encode_image(tiles[:300]),
        encoder.encode_place(lonlat[:300]),
    ):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == DEMO_BLUEMARBLE_CONCEPTS.dim
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_cosine_ranks_tiles_as_the_inner_product_in_concept_space(
    encoder: WorldEncoder, world: Tiles, vectors: NDArray[np.float32]
) -> None:
    raw = encoder.maps.of_features(tile_features(world[1]))
    query = encoder.encode_text(["farmland"])[0]
    cosine = vectors @ query
    inside = np.linalg.norm(raw, axis=1) <= encoder.maps.radius
    assert inside.mean() > 0.99
    product = (raw @ query[:-1] / encoder.maps.radius)[inside]
    np.testing.assert_allclose(cosine[inside], product, atol=1e-5)


def test_same_input_gives_the_same_vector_alone_and_in_a_batch(
    encoder: WorldEncoder, world: Tiles
) -> None:
    tiles = world[1][:7]
    together = encoder.encode_image(tiles)
    alone = np.concatenate([encoder.encode_image([tile]) for tile in tiles])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_array_equal(together, encoder.encode_image(tiles))


def test_pictures_of_any_size_are_taken(encoder: WorldEncoder) -> None:
    rng = np.random.default_rng(0)
    shapes = [(1, 1, 3), (1, 500, 3), (33, 31, 3), (32, 32, 3), (2000, 3000, 3)]
    pictures = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    vectors = encoder.encode_image(pictures)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_pictures_give_no_vectors(encoder: WorldEncoder) -> None:
    assert encoder.encode_image([]).shape == (0, 64)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3), (3, 32, 32)])
def test_what_is_no_picture_is_refused(encoder: WorldEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError):
        encoder.encode_image([np.zeros(shape, np.uint8)])


def test_enlarged_tiles_stay_near_themselves(encoder: WorldEncoder, world: Tiles) -> None:
    tiles = world[1][::400]
    large = [tile.repeat(5, axis=0).repeat(5, axis=1) for tile in tiles]
    np.testing.assert_allclose(encoder.encode_image(large), encoder.encode_image(tiles), atol=1e-5)


@pytest.mark.parametrize(
    ("text", "box", "share"),
    [
        ("sand desert", (-20, 10, 65, 40), 0.9),
        ("tropical rainforest", (-180, -15, 180, 15), 0.95),
        ("farmland", (-180, 20, 180, 60), 0.8),
    ],
)
def test_the_best_tiles_lie_where_they_should(  # noqa: PLR0917 - named by pytest
    encoder: WorldEncoder,
    world: Tiles,
    vectors: NDArray[np.float32],
    text: str,
    box: tuple[float, ...],
    share: float,
) -> None:
    lonlat = world[0]
    scores = vectors @ encoder.encode_text([text])[0]
    lon, lat = lonlat[np.argsort(-scores)[:20]].T
    west, south, east, north = box
    inside = (lon > west) & (lon < east) & (lat > south) & (lat < north)
    assert inside.mean() >= share


def test_ice_is_found_near_the_poles(
    encoder: WorldEncoder, world: Tiles, vectors: NDArray[np.float32]
) -> None:
    lonlat = world[0]
    scores = vectors @ encoder.encode_text(["ice sheet"])[0]
    assert np.abs(lonlat[np.argsort(-scores)[:50], 1]).min() > 60


def test_a_kind_of_land_in_a_named_region_is_sought_there(
    encoder: WorldEncoder, world: Tiles, vectors: NDArray[np.float32]
) -> None:
    lonlat = world[0]
    lon, lat = lonlat.T
    australia = (lon > 112) & (lon < 154) & (lat > -40) & (lat < -10)
    anywhere, there = encoder.encode_text(["desert", "desert of Australia"])
    shares = [australia[np.argsort(-(vectors @ q))[:50]].mean() for q in (anywhere, there)]
    assert shares[1] > shares[0] + 0.3


def test_a_place_finds_land_of_its_kind(
    encoder: WorldEncoder, world: Tiles, vectors: NDArray[np.float32]
) -> None:
    lonlat = world[0]
    sahara, amazon = encoder.encode_place(np.array([[10.0, 24.0], [-62.0, -4.0]]))
    desert, jungle = encoder.encode_text(["sand desert", "rainforest"])
    assert sahara @ desert > amazon @ desert
    assert amazon @ jungle > sahara @ jungle
    assert np.abs(lonlat[np.argsort(-(vectors @ amazon))[:10], 1]).max() < 20


@pytest.mark.parametrize("place", [(0.0, 90.1), (0.0, -91.0), (np.nan, 0.0), (np.inf, 0.0)])
def test_places_off_the_globe_are_refused(
    encoder: WorldEncoder, place: tuple[float, float]
) -> None:
    with pytest.raises(BadPlaceError):
        encoder.encode_place(np.array([place]))


def test_poles_and_the_date_line_are_places(encoder: WorldEncoder) -> None:
    vectors = encoder.encode_place(np.array([[0, 90], [0, -90], [180, 10], [-180, 10], [540, 10]]))
    np.testing.assert_allclose(vectors[2], vectors[3], atol=1e-5)
    np.testing.assert_allclose(vectors[2], vectors[4], atol=1e-5)


@pytest.mark.parametrize("text", ["", "   ", "\n", "...", "🙂"])
def test_texts_without_words_are_refused(encoder: WorldEncoder, text: str) -> None:
    with pytest.raises(BadQueryError):
        encoder.encode_text([text])
    with pytest.raises(BadQueryError):
        encoder.read_as(text)


@pytest.mark.parametrize("text", ["solar panels", "pizza", "quantum physics", "hello world"])
def test_unknown_words_are_refused_with_what_is_known(encoder: WorldEncoder, text: str) -> None:
    with pytest.raises(NotUnderstoodError) as refused:
        encoder.encode_text([text])
    assert "tropical rainforest" in refused.value.details["concepts"]
    assert "a set made with a real model" in refused.value.hint
    assert text in refused.value.message


@pytest.mark.parametrize("text", ["z" * 2_000, "0 " * 1_000, "\x00\x01", "أرض", "-" * 99 + "1"])
def test_strange_texts_are_answered_or_refused_in_our_own_words(
    encoder: WorldEncoder, text: str
) -> None:
    try:
        encoder.encode_text([text])
    except BadQueryError as error:
        assert error.hint  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("jungle", "tropical rainforest"),
        ("taiga", "boreal forest"),
        ("permafrost", "tundra"),
        ("fjords", "fjord coast"),
        ("Himalaya", "looks like Himalayas"),
        ("SAND DUNES!", "sand desert"),
        ("show me a satellite image of an archipelago", "archipelago"),
    ],
)
def test_it_says_what_a_text_was_read_as(encoder: WorldEncoder, text: str, concept: str) -> None:
    best, *_ = encoder.read_as(text)
    assert best.concept == concept


@pytest.mark.parametrize(
    ("typo", "word"),
    [("rainforrest", "rainforest"), ("moutnains", "mountains"), ("sahra", "sahara")],
)
def test_a_typo_is_read_as_the_word_and_says_so(
    encoder: WorldEncoder, typo: str, word: str
) -> None:
    assert f"{word} for {typo}" in encoder.read_as(typo)[0].phrase
    np.testing.assert_array_equal(encoder.encode_text([typo]), encoder.encode_text([word]))


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("W\u00fcste", "desert"),
        ("tropischer Regenwald", "tropical rainforest"),
        ("for\u00eat bor\u00e9ale", "forest boreale"),
        ("montagnes avec de la neige", "mountains snow"),
        ("islas", "archipelago"),
        ("\u6c99\u6f20", "desert"),
        ("\u70ed\u5e26\u96e8\u6797", "rainforest"),
        ("\u975e\u6d32\u7684\u6c99\u6f20", "desert"),
    ],
)
def test_some_words_of_other_languages_are_read_as_english(
    encoder: WorldEncoder, text: str, english: str
) -> None:
    np.testing.assert_array_equal(encoder.encode_text([text]), encoder.encode_text([english]))
    assert "(read " in encoder.read_as(text)[0].phrase


def test_english_is_left_alone() -> None:
    for text in ("the coast of Chile", "a lake on a high plateau", "die cast arena in montana"):
        words = text.split()
        assert into_english(words) == words


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("desert", "dessert", True),
        ("lake", "laek", True),
        ("lake", "lace", True),
        ("lake", "lak", True),
        ("lake", "lakes", True),
        ("lake", "kale", False),
        ("lake", "bakes", False),
    ],
)
def test_one_edit_is_one_letter_or_one_swap(one: str, other: str, *, joined: bool) -> None:
    assert one_edit(one, other) is joined
    assert one_edit(other, one) is joined


def test_concepts_list_kinds_first_and_mark_the_weak_ones(encoder: WorldEncoder) -> None:
    concepts = encoder.concepts()
    names = [concept.name for concept in concepts]
    assert len(set(names)) == len(names)
    first_name = next(i for i, name in enumerate(names) if name.startswith("looks like "))
    assert all(name.startswith("looks like ") for name in names[first_name:])
    reliable = {concept.name: concept.reliable for concept in concepts}
    assert reliable["tropical rainforest"]
    assert not reliable["big city"]
    assert not reliable["river delta"]


def test_features_tell_nothing_of_the_neighbours_in_a_batch(world: Tiles) -> None:
    tiles = world[1][:600]
    rows = tile_features(tiles)
    assert rows.shape == (600, FEATURES)
    np.testing.assert_array_equal(rows[550:], tile_features(tiles[550:]))


def test_spherical_harmonics_are_orthonormal() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(40)
    lon = np.arange(60) * 6.0 - 180
    lat = np.degrees(np.arcsin(nodes))
    grid = np.stack(np.meshgrid(lon, lat), axis=-1).reshape(-1, 2)
    area = np.repeat(weights, 60) * (2 * np.pi / 60)
    rows = spherical_harmonics(grid).astype(np.float64)
    np.testing.assert_allclose((rows * area[:, None]).T @ rows, np.eye(225), atol=1e-5)


def test_nothing_in_nothing_out() -> None:
    encoder = open_encoder("demo-bluemarble-concepts")
    for vectors in (
        encoder.encode_text([]),
        encoder.encode_text([], templates=["a picture of {}"]),
        encoder.encode_image([]),
        encoder.encode_place([]),
    ):
        assert vectors.shape == (0, encoder.dim)
