"""What lies on Resolve's timeline: clips, tracks, the selection, markers, the document, and the editor's state, which is put back."""
