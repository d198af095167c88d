"""Chinese for the terms that our own data carry: classes, quantities, rules, reasons.

Keys are the English texts in lower case, without the full stop at their end.
"""

from __future__ import annotations

_CLASSES = {
    "other": "其他",
    "fishing": "渔船",
    "service": "工作服务船",
    "dredging or underwater ops": "疏浚及水下作业船",
    "sailing": "帆船",
    "pleasure craft": "游艇",
    "high speed craft": "高速船",
    "tug and towing": "拖轮",
    "passenger": "客船",
    "cargo": "货船",
    "tanker": "油轮及液货船",
    "military and law enforcement": "军警及执法船",
    "unknown": "类型不明",
}

_QUANTITIES = {
    "vessel hours": "船舶活动时长",
    "hours of vessels in the cell": "网格内船舶活动时长",
    "vessel distance": "船舶航行里程",
    "transit counts": "船舶通过次数",
    "transits": "船舶通过次数",
    "passages through the cell": "网格内船舶通过次数",
    "hours that vessels spent in the cell": "网格内船舶活动时长",
    "distance that vessels sailed in it": "网格内船舶航行里程",
    "passages of vessels through the cell": "网格内船舶通过次数",
    "sea surface temperature": "海表温度",
    "sea water temperature": "海水温度",
    "sea water salinity": "海水盐度",
    "dissolved oxygen": "溶解氧",
    "chlorophyll a": "叶绿素 a",
    "significant wave height": "有效波高",
    "wind speed": "风速",
    "current speed": "流速",
    "depth": "水深",
}

_UNITS = {
    "h": "h",
    "count": "次",
    "degree_c": "°C",
    "knot": "kn",
}

_RULES = {
    "missing before": "原标记为缺测",
    "fail before": "原标记为错误",
    "suspect before": "原标记为可疑",
    "position missing": "位置缺失",
    "position out of range": "位置超出范围",
    "time missing": "时间缺失",
    "time out of period": "时间超出时段",
    "null island": "零点位置",
    "duplicate row": "重复记录",
    "duplicate time": "时间重复",
    "impossible speed": "航速不可能",
    "second track": "第二条航迹",
    "sog sentinel": "航速无效值",
    "sog above max": "航速超上限",
    "speed disagrees": "航速不一致",
    "on land": "位于陆地",
    "good": "正确",
    "not_evaluated": "未评价",
    "suspect": "可疑",
    "fail": "错误",
    "missing": "缺测",
    "the fix was already flagged missing when cleaning began": (
        "清洗开始前已标记为缺测。"
    ),
    "the fix was already flagged fail when cleaning began": "清洗开始前已标记为错误。",
    "the fix was already flagged suspect when cleaning began": (
        "清洗开始前已标记为可疑。"
    ),
    "longitude or latitude is not a number": "经度或纬度不是数值。",
    "longitude lies beyond 180 degrees or latitude beyond 90": (
        "经度绝对值超过 180° 或纬度绝对值超过 90°。"
    ),
    "the fix has no time": "船位没有时间。",
    "the time lies outside the period that was given": "时间不在给定时段之内。",
    "longitude and latitude are both within 0.01 degree of zero, where receivers "
    "without a fix report themselves": (
        "经纬度均在 0° 附近 0.01° 以内，为接收机未定位时的输出。"
    ),
    "another row of the trajectory has the same time and the same values in all "
    "columns but the source; one of them stays unmarked": (
        "同一航迹中另有一条记录，除来源外各列均相同；保留其中一条。"
    ),
    "another row of the trajectory has the same time and other values; the one "
    "nearest to the track stays unmarked": (
        "同一航迹中另有时间相同而数值不同的记录；保留最接近航迹的一条。"
    ),
    "the fix does not fit between the others of the vessel's track at the highest "
    "speed allowed": "即使以允许的最大航速航行，也无法与该船其他船位衔接。",
    "the fix belongs to a second consistent track under the same identity, too far "
    "from the main one to be the same vessel": (
        "属于同一识别码下的另一条连续航迹，与主航迹相距过远，不可能是同一艘船。"
    ),
    "the reported speed is no measurement: 102.3 knots (not available), 51.2 or "
    "63.0 knots (broken units), or negative": (
        "报告航速不是测量值：102.3 kn（不可用）、51.2 或 63.0 kn（单位错误）或负值。"
    ),
    "the reported speed is higher than the highest speed allowed": (
        "报告航速高于允许的最大航速。"
    ),
    "the way from the fix before cannot be explained by the speeds reported at its "
    "two ends": "与前一船位之间的航程不能由两端报告的航速解释。",
    "the 30 arc-second cell of the position and its eight neighbours are land": (
        "所在的 30 角秒网格及其相邻八个网格均为陆地。"
    ),
}

_REASONS = {
    "exact duplicate of another row": "与另一条记录完全重复",
    "position not available": "位置不可用",
    "time cannot be read": "时间无法识别",
    "wrong number of fields": "字段数不符",
    "quote that does not close": "引号未闭合",
    "record longer than 1 mib": "记录超过 1 MiB",
    "nul byte in the record": "记录中含 NUL 字节",
    "base station, not a vessel": "基站，不是船舶",
    "aid to navigation, not a vessel": "航标，不是船舶",
    "sar aircraft, not a vessel": "搜救飞机，不是船舶",
    "search and rescue transmitter, not a vessel": "搜救应答器，不是船舶",
    "man overboard device, not a vessel": "落水人员示位装置，不是船舶",
    "epirb or locating device, not a vessel": "应急示位标，不是船舶",
    "type of mobile not known": "移动台类型不明",
    "no vessel id": "没有船舶识别码",
    "bad mmsi": "MMSI 无效",
    "no time": "没有时间",
    "bad time": "时间无法识别",
    "impossible date": "日期不存在",
    "impossible time of day": "时刻不存在",
    "position is empty": "位置为空",
    "position is not a number": "位置不是数值",
    "no position (lat 91, lon 181)": "无位置（纬度 91、经度 181）",
    "latitude out of range": "纬度超出范围",
    "latitude out of range (latitude and longitude swapped?)": (
        "纬度超出范围（经纬度是否颠倒？）"
    ),
    "longitude out of range": "经度超出范围",
    "message without a position": "报文不含位置",
    "comment line": "注释行",
    "time line": "时间行",
    "not an nmea sentence": "不是 NMEA 语句",
    "nmea sentence other than ais": "非 AIS 的 NMEA 语句",
    "sentence cut short": "语句被截断",
    "wrong checksum": "校验和错误",
    "malformed sentence": "语句格式错误",
    "empty payload": "载荷为空",
    "tag block that does not close": "标签块未闭合",
    "tag block without a sentence": "标签块后没有语句",
    "time line that cannot be believed": "时间行不可信",
    "sentence too long to be a part": "语句过长，不能作为分段",
    "part of a message whose other parts are missing": "报文其余分段缺失",
    "part received twice": "分段重复接收",
    "character in the payload that is no six-bit character": ("载荷中含非六位编码字符"),
    "message shorter than its type": "报文短于其类型应有的长度",
    "message type is none of 1 to 27": "报文类型不在 1 至 27 之间",
    "static report (type 24) that is neither part a nor part b": (
        "静态报告（类型 24）既非 A 部分也非 B 部分"
    ),
    "speed, course or heading is not a number": "航速、航向或船首向不是数值",
    "navigational status is not a number": "航行状态不是数值",
    "coast station by its mmsi (00midxxxx), not a vessel": (
        "按 MMSI（00MIDxxxx）为岸台，不是船舶"
    ),
    "sar aircraft by its mmsi (111midxxx), not a vessel": (
        "按 MMSI（111MIDxxx）为搜救飞机，不是船舶"
    ),
    "aid to navigation by its mmsi (99midxxxx), not a vessel": (
        "按 MMSI（99MIDxxxx）为航标，不是船舶"
    ),
}

_STATES = {
    "allowed": "允许",
    "forbidden": "禁止",
}

TERMS: dict[str, str] = _CLASSES | _QUANTITIES | _UNITS | _RULES | _REASONS | _STATES
"""Chinese by English text."""
