"""The editors' desk. A page's numbers and moves come from the stages; here is only their look."""

from newsletter.admin.deliveries import DeliveryAdmin
from newsletter.admin.issues import IssueAdmin
from newsletter.admin.mailers import MailerAdmin
from newsletter.admin.sources import AliasAdmin
from newsletter.admin.staff import StaffAdmin

__all__ = ["AliasAdmin", "DeliveryAdmin", "IssueAdmin", "MailerAdmin", "StaffAdmin"]
