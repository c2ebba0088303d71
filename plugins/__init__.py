"""The editor panels as files to install, and the code that installs and packs them. The panels themselves import nothing from here."""
