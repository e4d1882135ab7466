"""The proof that nobody is lost and nobody served twice: a house in a folder, and its faults.

``./run prove_delivery`` builds it, sends to made-up readers while processes die, and compares
what a mail server of ours wrote down with what the ledger says. Only the modules ``clerk`` and
``nursery`` know Django's database, and they run as processes inside that house.
"""
