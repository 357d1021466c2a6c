"""The syllables of Mandarin without their tones, as pypinyin writes them, and those of a text."""

from __future__ import annotations

import re
from functools import lru_cache

SYLLABLES = (
    "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen "
    "ceng cha chai chan chang chao che chen cheng chi chong chou chu chuai chuan chuang chui chun chuo ci cong "
    "cou cu cuan cui cun cuo da dai dan dang dao de dei deng di dian diao die ding diu dong dou du duan dui dun "
    "duo e ei en er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai "
    "guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji "
    "jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua "
    "kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu long lou "
    "lu luan lun luo lv lve ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu n na nai "
    "nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nuo nv nve o ou pa pai pan "
    "pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu "
    "quan que qun ran rang rao re ren reng ri rong rou ru ruan rui run ruo sa sai san sang sao se sen seng sha "
    "shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su "
    "suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan "
    "wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi "
    "yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhen "
    "zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo"
)
"""Parted by spaces, as the head's file has them."""
NAMES = SYLLABLES.split()
"""Class 0 of the head is no syllable, k is `NAMES[k - 1]`."""

_CLASS_OF = {syllable: number for number, syllable in enumerate(NAMES, 1)}
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_SAID_SO = str.maketrans("嗯幺", "恩腰")
"""pypinyin has no vowel for 嗯; 幺 is yao in either tone."""
_UNSPOKEN = re.compile(r"[^\u4e00-\u9fff]+")
_LONGEST = 60
"""Characters of a text that are read: the decoder writes no more of a sentence, and hints are shorter."""


@lru_cache(maxsize=4096)
def classes_of(text: str) -> tuple[int, ...]:
    """The classes of the syllables of a text's first 60 characters; what is no Chinese and no digit is passed over."""
    from pypinyin import lazy_pinyin  # 0.1 s to import, and not every call has hints

    said = _UNSPOKEN.sub("", text[:_LONGEST].translate(_DIGITS)).translate(_SAID_SO)
    found = (_CLASS_OF.get(syllable) for syllable in lazy_pinyin(said, v_to_u=False))
    return tuple(number for number in found if number is not None)
