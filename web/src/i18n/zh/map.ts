/** Chinese: the map, its controls, legend and scores. */
export const map: Record<string, string> = {
  'row {row}': '第 {row} 行',
  'best {percent}': '前 {percent}',
  'This browser cannot draw the map: it needs WebGL 2. Results are listed all the same.':
    '此浏览器无法绘制地图：需要 WebGL 2。结果列表仍可使用。',
  'Preparing the tiles. The first time this takes about ten seconds.':
    '正在准备图块，首次大约需要十秒。',
  'There is no map for this query. Try one of the examples.': '此查询没有地图，请试试示例。',
  'Names on the map': '地图上的地名',
  'Seas, landscapes, cities': '海洋、地貌、城市',
  'Countries too, as Natural Earth has them': '同时显示国家名（以 Natural Earth 为准）',
  '{name} (from another host)': '{name}（来自其他主机）',
  'No names': '不显示地名',
  'World map of how well every tile fits the query. Arrow keys move it, plus and minus zoom. The best tiles are also in the list of results.':
    '世界地图，显示每个图块与查询的匹配程度。方向键移动，加减号缩放。最佳图块也在结果列表中。',
  '{low} to {high}': '{low} 至 {high}',
  '{count} tiles, best {percent}': '{count} 个图块，前 {percent}',
  'Heights by the square root of counts': '柱高按计数的平方根',
  'Heights by the logarithm of counts': '柱高按计数的对数',
  'Heights by counts': '柱高按计数',
  'Base map': '底图',
  'The map “{name}” does not answer; the tiles are drawn without it.':
    '底图“{name}”没有响应，图块将直接显示。',
  'Show the flat map': '显示平面地图',
  'Show the globe': '显示地球仪',
  'Show the whole world': '显示全球',
};
