/** Chinese: labels, rounds of feedback, projects. */
export const labels: Record<string, string> = {
  Label: '标注',
  Right: '符合',
  Wrong: '不符合',
  'Tile {row} is right': '图块 {row} 符合',
  'Tile {row} is wrong': '图块 {row} 不符合',
  '{word} (key {key})': '{word}（按键 {key}）',
  '{right} right, {wrong} wrong': '符合 {right} 个，不符合 {wrong} 个',
  'Tile {row} is not marked any more.': '已取消图块 {row} 的标注。',
  'Tile {row} marked as right.': '图块 {row} 已标为符合。',
  'Tile {row} marked as wrong.': '图块 {row} 已标为不符合。',
  'At most {count} tiles can be marked.': '最多可标注 {count} 个图块。',
  'All labels are taken off.': '已清除全部标注。',
  'Undone: {counts}.': '已撤销：{counts}。',
  'Done again: {counts}.': '已重做：{counts}。',
};
