"""Wav2Lip (Prajwal, Mukhopadhyay, Namboodiri and Jawahar, "A lip sync expert is all you need", ACM Multimedia 2020) as an engine."""
