"""Makes a `face_landmarker.task` out of the networks inside the mediapipe wheel, for the test of the tracker that reads one.

Google's own file cannot be part of the project. This one holds the wheel's short-range detector and its attention mesh,
which stop one step short of the file's form: the detector lacks the metadata that say how its picture is scaled, and the
mesh gives 468 points where 478 are asked for. Both are added here; the ten points of the irises are zeros.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

MESH_VALUES, ALL_VALUES = 468 * 3, 478 * 3
PAD = 34  # number of the operator in TensorFlow Lite's schema
FLOAT32, INT32 = 0, 2


def make_task(path: Path) -> Path:
    import mediapipe

    modules = Path(mediapipe.__file__).parent / "modules"
    detector = (modules / "face_detection" / "face_detection_short_range.tflite").read_bytes()
    mesh = (modules / "face_landmark" / "face_landmark_with_attention.tflite").read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr("face_detector.tflite", _with_scaling(detector, mean=127.5, deviation=127.5))
        bundle.writestr("face_landmarks_detector.tflite", _with_scaling(_with_478_points(mesh), mean=0.0, deviation=255.0))
    return path


def _with_scaling(model: bytes, mean: float, deviation: float) -> bytes:
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    writer = MetadataWriter(bytearray(model))
    writer.add_image_input([mean], [deviation])
    return bytes(writer.populate()[0])


def _with_478_points(model: bytes) -> bytes:
    """The mesh's 1404 values padded to 1434; the outputs reduced to those and the face's presence."""
    import flatbuffers  # type: ignore[import-untyped]
    from mediapipe.tasks.metadata import schema_py_generated as schema

    net = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph = net.subgraphs[0]
    by_name = {graph.tensors[k].name: k for k in graph.outputs}
    mesh, flag = by_name[b"output_mesh_identity"], by_name[b"conv_faceflag"]

    amounts = schema.BufferT()
    amounts.data = np.array([[0, 0], [0, 0], [0, 0], [0, ALL_VALUES - MESH_VALUES]], np.int32).reshape(-1).view(np.uint8)
    net.buffers.append(amounts)
    for name, shape, kind, buffer in (
        (b"amounts", [4, 2], INT32, len(net.buffers) - 1),
        (b"landmarks", [1, 1, 1, ALL_VALUES], FLOAT32, 0),
    ):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
        graph.tensors.append(tensor)

    pad = schema.OperatorT()
    pad.opcodeIndex = next(k for k, code in enumerate(net.operatorCodes) if PAD in (code.builtinCode, code.deprecatedBuiltinCode))
    pad.inputs, pad.outputs = [mesh, len(graph.tensors) - 2], [len(graph.tensors) - 1]
    pad.builtinOptionsType, pad.builtinOptions = schema.BuiltinOptions.PadOptions, schema.PadOptionsT()
    graph.operators.append(pad)
    graph.outputs = [len(graph.tensors) - 1, flag]

    net.signatureDefs = None
    builder = flatbuffers.Builder(len(model) + 4096)
    builder.Finish(net.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
