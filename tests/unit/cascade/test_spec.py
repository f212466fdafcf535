"""Tables of stages: what is derived from them, and which are refused."""

import pytest

from unsmear.cascade.spec import StageSpec, check_stages, find_predecessors, resolve_order

CENTER = StageSpec(name="center", predicts=(4,))
F35 = StageSpec(name="f35", predicts=(3, 5), conditions_on=(4,))
F26 = StageSpec(name="f26", predicts=(2, 6), conditions_on=(3, 4, 5))
F17 = StageSpec(name="f17", predicts=(1, 7), conditions_on=(2, 3, 5, 6))
PUBLISHED = (CENTER, F35, F26, F17)


def test_good_tables_pass():
    check_stages(PUBLISHED, 7)
    check_stages((StageSpec(name="single", predicts=(1, 2, 3, 4, 5)),), 5)


@pytest.mark.parametrize(
    ("stages", "num_frames", "text"),
    [
        ((CENTER, F35, F26), 7, "no stage predicts frame 1"),
        ((), 3, "no stage predicts frame 1"),
        ((CENTER, F26, F35, F17), 7, "f26 is conditioned on frame 3"),
        ((F35.model_copy(update={"conditions_on": (3,)}),), 7, "f35 is conditioned on frame 3"),
        ((CENTER, StageSpec(name="again", predicts=(3, 4))), 4, "frame 4 is predicted twice, by center and by again"),
        ((CENTER, F35.model_copy(update={"name": "center"})), 5, "two stages are called center"),
        (PUBLISHED, 5, "predicts frame 6, but a group has 5"),
        ((CENTER, F35.model_copy(update={"order": "follow"})), 7, "f35 has order follow"),
        ((CENTER.model_copy(update={"order": "free_per_pixel"}),), 7, "center: order free_per_pixel needs a pair"),
        (
            (CENTER, StageSpec(name="side", predicts=(3, 6), conditions_on=(4,), order="free_per_pixel")),
            7,
            "side predicts .3, 6., where frame 5 does not mirror frame 3",
        ),
        (
            (CENTER, StageSpec(name="side", predicts=(3,), conditions_on=(4,), order="free_per_sample")),
            7,
            "side predicts .3., where frame 5 does not mirror",
        ),
    ],
)
def test_impossible_tables_are_refused_with_the_frame_named(stages, num_frames, text):
    with pytest.raises(ValueError, match=text):
        check_stages(stages, num_frames)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"predicts": (0,)}, "numbered from 1, found 0"),
        ({"predicts": (2, 2)}, "named twice"),
        ({"predicts": (1,), "conditions_on": (3, 3)}, "named twice"),
        ({"predicts": ()}, "at least 1"),
        ({"predicts": (1,), "order": "backwards"}, "order"),
        ({"predicts": (1,), "colour": "red"}, "colour"),
    ],
)
def test_impossible_stages_are_refused(fields, text):
    with pytest.raises(ValueError, match=text):
        StageSpec(name="stage", **fields)


def test_predecessors_are_found_through_the_frames():
    assert find_predecessors(PUBLISHED, "center") == ()
    assert find_predecessors(PUBLISHED, "f35") == ("center",)
    assert find_predecessors(PUBLISHED, "f17") == ("center", "f35", "f26")


@pytest.mark.parametrize(
    ("stage", "symmetric", "order"),
    [
        (CENTER, True, "true"),
        (F35, True, "free_per_sample"),
        (F26, True, "follow"),
        (F17, True, "follow"),
        (F35, False, "true"),
        (F17, False, "true"),
        (F35.model_copy(update={"order": "free_per_pixel"}), False, "free_per_pixel"),
    ],
)
def test_order_follows_the_camera_unless_it_is_chosen(stage, symmetric, order):
    assert resolve_order(stage, 7, symmetric) == order


@pytest.mark.parametrize("predicts", [(3,), (3, 6), (2, 6, 3, 5), (1, 2, 3)])
def test_frames_without_their_mirrors_need_a_camera_that_tells_the_direction(predicts):
    stage = StageSpec(name="side", predicts=predicts, conditions_on=(4,))
    assert resolve_order(stage, 7, time_symmetric=False) == "true"
    with pytest.raises(ValueError, match="does not mirror frame"):
        resolve_order(stage, 7, time_symmetric=True)


@pytest.mark.parametrize("predicts", [(5, 3), (2, 3, 5, 6), (3, 2, 6, 5), (1, 2, 3, 4, 5, 6, 7)])
def test_frames_with_their_mirrors_have_a_free_direction(predicts):
    assert resolve_order(StageSpec(name="side", predicts=predicts), 7, time_symmetric=True) == "free_per_sample"
