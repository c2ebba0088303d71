"""The engines that draw through Stable Diffusion's autoencoder: MuseTalk in one step, LatentSync in some twenty.

They need the extra `diffusion`: networks are built by diffusers and transformers, and imported where they are used.
"""
