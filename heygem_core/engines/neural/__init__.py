"""What all engines share whose mouths come from a neural network: everything between the face tracks and the network, and back again.

    tracks ─► crops (2×3 matrices, smoothed) ─┐                                        ┌─► `engine`: the picture itself, composited
    speech ─► windows (by time)              ─┼─► the network (`mouth_model`) ─► mouths ┤
    clip   ─► references (like pose)         ─┘        batch by batch                  └─► `hybrid`: its lips, drawn by the mesh engine

A network is a `mouth_model.MouthModel`: where it looks, what it hears, and what it makes of both. It knows nothing of clips, frame rates
or colour. Its pictures are small and in R'G'B'; the clip's own pixels stay, and only what the network changed is added to them (`compose`).
"""
