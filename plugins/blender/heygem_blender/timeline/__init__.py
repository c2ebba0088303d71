"""What lies in Blender's sequencer: strips, channels, the selection, markers, the document, and how a strip looks."""
