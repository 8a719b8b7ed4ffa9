from service.cli_rules import rules_app

__all__ = ["rules_app"]
