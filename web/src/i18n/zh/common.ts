/** Chinese: parts of queries, messages, header. */
export const common: Record<string, string> = {
  picture: '图片',
  'Tile {row}': '图块 {row}',
  '{count} tiles': '{count} 个图块',
  'Drawn area': '绘制的区域',
  'Vector of {count} numbers': '{count} 维向量',
  Files: '文件',
  'Recipe file': '查询配方文件',
  'Open a recipe …': '打开查询配方…',
  'Save the recipe': '保存查询配方',
  'Not a recipe': '不是查询配方',
  'not {label}': '非 {label}',
};
