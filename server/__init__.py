"""What people and editors talk to. Installed as `heygem_server`; modules import each other relatively."""
