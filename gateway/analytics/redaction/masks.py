"""What stands in the place of something hidden: one word for each kind, whatever its length was."""

from __future__ import annotations

import re

MASKS = {
    "phone": "[电话号码]",
    "id_card": "[身份证号]",
    "bank_card": "[银行卡号]",
    "verification_code": "[验证码]",
    "address": "[地址]",
    "number": "[号码]",
}
"""By kind of entity. They tell nothing: not how long it was, nor how it began or ended."""
MASK = re.compile("|".join(re.escape(mask) for mask in MASKS.values()))
