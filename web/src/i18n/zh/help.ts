/** Chinese: help, keys, undo, language, what is announced, what went wrong in the page. */
export const help: Record<string, string> = {
  'The best tiles': '最佳图块',
  Skip: '跳转',
  'Skip to the best tiles': '跳到最佳图块',
  'Skip to the map': '跳到地图',
  Undo: '撤销',
  'Undo: the question before': '撤销：回到上一个查询',
  Redo: '重做',
  Language: '语言',
  Help: '帮助',
  'Close the help': '关闭帮助',
  'What this page does': '本页面的用途',
  'Ask for something in words, with a picture, a place, a drawn area or tiles that you like. Every tile of the set is scored; the map shows all scores, the list the best tiles with their pictures. Take answers away as files, mark tiles as right or wrong, and compare two models or two questions.':
    '用文字、图片、地点、绘制的区域或您中意的图块来查询。数据集中的每个图块都会得到一个得分；地图显示全部得分，列表显示最佳图块及其影像。您可以将结果导出为文件，标注图块是否符合，也可以对比两个模型或两个查询。',
  'The address of the page holds all of it: question, filters, view and comparison. Send the link, and others see what you see.':
    '页面地址包含全部内容：查询、筛选、视图和对比。把链接发给别人，他们看到的就和您一样。',
  Keys: '快捷键',
  'Go to the words': '转到文字框',
  'Go to the map': '转到地图',
  'Next of the best tiles': '下一个最佳图块',
  'The one before': '上一个最佳图块',
  'Gallery or table': '切换图库与表格',
  'This help': '打开本帮助',
  'Back to the question before': '回到上一个查询',
  'Forward again': '再次前进',
  'On the map, arrow keys move and plus and minus zoom. Escape closes what is open.':
    '在地图上，方向键移动，加号和减号缩放。Esc 键关闭打开的内容。',
  'Single keys, without Ctrl': '单键快捷键（无需 Ctrl）',
  'Switch them off if speech input or a slip of the hand sets them off.':
    '如果语音输入或误触会触发它们，请关闭。',
  'What a score means': '得分的含义',
  'A model turns the question and every tile into vectors; the score is the cosine between them, from −1 to 1. It orders tiles; it is no probability, and scores of two models or two questions cannot be compared with each other. “Best 5 %” is counted over all tiles of the set.':
    '模型把查询和每个图块都变成向量；得分是两者的余弦，介于 −1 与 1 之间。它用于给图块排序，并不是概率；两个模型或两个查询的得分不能直接比较。“前 5 %”按数据集的全部图块计算。',
  Comparing: '对比',
  'Two questions or two sets stand side by side, with the same cut. The figures use ranks only: what part of the best tiles both sides share, how alike the order of all tiles is (Spearman), and by how many ranks listed tiles move. On the map of the difference, orange is ranked higher by A and blue by B.':
    '两个查询或两个数据集并排显示，使用同一截取比例。各项数字只使用排名：两侧最佳图块中共有的比例、全部图块次序的相似程度（Spearman），以及列表中图块的名次变动。在差异地图上，橙色表示 A 排名更高，蓝色表示 B 排名更高。',
  Limits: '局限',
  'A model finds what looks alike to it, which may be something else. Small things are lost in large tiles, pictures may be clouded or from another season, and what is rare may be missed. Look at the pictures before you rely on a map.':
    '模型找到的是它看来相似的东西，未必就是您要找的。大图块中会丢失细小的地物，影像可能有云或来自别的季节，罕见的地物可能被漏掉。使用地图之前，请先查看影像。',
  'Whose data and software': '数据与软件来源',
  'Base map: Natural Earth (public domain). Grid of tiles: Major TOM.':
    '底图：Natural Earth（公有领域）。图块网格：Major TOM。',
  'Software notices': '软件声明',
  'Everything here can also be asked over HTTP:': '这里的一切也可以通过 HTTP 查询：',
  'description of the API (OpenAPI)': 'API 说明（OpenAPI）',
  'Model: {model}.': '模型：{model}。',
  'Searching …': '正在搜索…',
  'No tile found.': '没有找到图块。',
  '{count} tiles found of {total}; the best has score {score}, {place}.':
    '在 {total} 个图块中找到 {count} 个；最佳者得分 {score}，{place}。',
  'Number {rank}, score {score}, {place}': '第 {rank} 名，得分 {score}，{place}',
  'This part of the page broke': '页面的这一部分出错了',
  'Your question is in the address, so nothing is lost when you reload.':
    '您的查询保存在地址中，重新加载不会丢失任何内容。',
  'Reload the page': '重新加载页面',
  'Copy the details': '复制详细信息',
  'No answer': '没有应答',
  'The server does not answer.': '服务器没有应答。',
  'Is `eex serve` still running, and is there a network? The page tries again by itself.':
    '`eex serve` 是否仍在运行？网络是否畅通？页面会自动重试。',
  'Something went wrong': '出错了',
  'The page could not show this answer.': '页面无法显示此结果。',
  'Reload the page; if it happens again, please report it.':
    '请重新加载页面；如果再次发生，请报告此问题。',
  'The server answered with status {status}.': '服务器返回状态 {status}。',
  'Try again in a moment.': '请稍后重试。',
};
