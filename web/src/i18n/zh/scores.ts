/** Chinese: the scores of all tiles, the slider, the colours. */
export const scores: Record<string, string> = {
  'Best {percent} of tiles': '前 {percent} 的图块',
  '{count} of {total}': '{total} 个中的 {count} 个',
  'Share of tiles shown in colour': '以彩色显示的图块比例',
  'best {percent}, {count} tiles': '前 {percent}，{count} 个图块',
  'Score {level} and more · all from {least} to {most}':
    '得分不低于 {level} · 全部介于 {least} 与 {most} 之间',
  'Histogram of the scores of all tiles': '全部图块得分的直方图',
  'Colour scale': '色标',
  'Score of the best {percent}': '前 {percent} 的得分',
  'under 0.1 %': '不到 0.1 %',
  none: '无',
  'Loading the places of the tiles: {percent}': '正在加载图块位置：{percent}',
};
