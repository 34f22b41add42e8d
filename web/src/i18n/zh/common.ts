/** Chinese: what several parts of the page say. */
export const common: Record<string, string> = {
  picture: '图片',
  'Tile {row}': '图块 {row}',
  '{count} tiles': '{count} 个图块',
  'Drawn area': '绘制的区域',
  'Vector of {count} numbers': '{count} 维向量',
  Files: '文件',
  'Save the recipe': '保存查询配方',
  'Not a recipe': '不是查询配方',
  'not {label}': '非 {label}',
  Map: '地图',
  Cancel: '取消',
  Change: '更改',
  Close: '关闭',
  'Licence: {licence}.': '许可：{licence}。',
  'The set does not state its licence.': '该数据集未注明许可。',
  'Base map: Natural Earth.': '底图：Natural Earth。',
};
