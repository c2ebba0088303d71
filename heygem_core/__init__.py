"""Lip-sync core: a library about faces, speech and pictures. It knows no server, no editor and no database."""
