using System.Text.RegularExpressions;

namespace Becket.InteropTests.Processes;

/// <summary>
/// What a process, and all that it starts, do to files, as strace(1) sees it. Looking and reading are left out; what was tried in vain
/// counts like what was done.
/// </summary>
public sealed partial class FileTrace(string folder)
{
    /// <summary>What makes a call of open(2) and its like more than a look.</summary>
    private static readonly string[] WritingFlags = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"];

    /// <summary>Calls whose first path is only what the second one will lead to.</summary>
    private static readonly string[] SecondPathOnly = ["mount", "symlink", "symlinkat"];

    /// <summary>The same command under strace; it ends when all that it has started have ended.</summary>
    public Command Over(Command command) => command with
    {
        Program = "strace",
        // One file for each process, so that no call is cut in two by another one's; -y tells what relative paths are relative to.
        Arguments =
        [
            "-ff", "-qq", "-y", "-s", "4096", "-e", $"trace={Calls}",
            "-o", Path.Combine(Directory.CreateDirectory(folder).FullName, "trace"),
            Tool.PathOf(command.Program), .. command.Arguments,
        ],
    };

    /// <summary>Every path that was opened for writing, made, renamed, linked, deleted, changed, bound or mounted on.</summary>
    public IReadOnlyCollection<string> ChangedPaths()
    {
        var lines = Directory.GetFiles(folder).SelectMany(File.ReadAllLines).ToList();
        Assert.NotEmpty(lines);
        return [.. lines.SelectMany(PathsChangedBy).Distinct().Order(StringComparer.Ordinal)];
    }

    private const string Calls =
        "open,openat,openat2,creat,truncate,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
        + "mknod,mknodat,chmod,fchmodat,chown,lchown,fchownat,utime,utimes,utimensat,setxattr,lsetxattr,bind,mount,umount2,memfd_create";

    private static IEnumerable<string> PathsChangedBy(string line)
    {
        var call = line.Split('(')[0];
        if (call.StartsWith("open", StringComparison.Ordinal) && !WritingFlags.Any(flag => line.Contains(flag, StringComparison.Ordinal)))
            return [];
        // Extended attributes have a name behind the path, mount(2) has words behind the second one.
        return Argument().Matches(line)
            .Where(static match => match.Groups["path"].Success)
            .Select(static match => Path.Combine(match.Groups["folder"].Value, match.Groups["path"].Value))
            .Skip(SecondPathOnly.Contains(call) ? 1 : 0)
            .Take(call is "rename" or "renameat" or "renameat2" or "link" or "linkat" ? 2 : 1);
    }

    /// <summary>
    /// A path, alone or behind the descriptor of the folder that it begins at: <c>"/a"</c>,
    /// <c>18&lt;/tmp&gt;, "a"</c>, <c>sun_path="/a"</c>.
    /// </summary>
    [GeneratedRegex(@"(?:(?:AT_FDCWD|\d+)<(?<folder>[^>]*)>, )?""(?<path>(?:[^""\\]|\\.)*)""")]
    private static partial Regex Argument();
}
