using System.Text.RegularExpressions;

namespace Becket.InteropTests.Processes;

/// <summary>
/// What a process, and all that it starts, do with files, as strace(1) sees it. What was tried in vain counts like what was done.
/// </summary>
public sealed partial class FileTrace(string folder)
{
    /// <summary>What makes a call of open(2) and its like more than a look.</summary>
    private static readonly string[] WritingFlags = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"];

    /// <summary>Calls whose first path is only what the second one will lead to.</summary>
    private static readonly string[] SecondPathOnly = ["mount", "symlink", "symlinkat"];

    /// <summary>Calls that change nothing, beside those of open(2) that only read.</summary>
    private static readonly string[] Looks =
        ["stat", "lstat", "newfstatat", "statx", "statfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat"];

    /// <summary>Calls that tell which thread belongs to which process.</summary>
    private static readonly string[] Starts = ["execve", "clone", "clone3", "vfork"];

    /// <summary>The same command under strace; it ends when all that it has started have ended.</summary>
    public Command Over(Command command) => command with
    {
        Program = "strace",
        // One file for each process, so that no call is cut in two by another one's; -y tells what relative paths are relative to.
        Arguments =
        [
            "-ff", "-qq", "-y", "-s", "4096", "-e", $"trace={Changes},{string.Join(',', [.. Looks, .. Starts])}",
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

    /// <summary>Calls with a path, by processes with a word on their command line, those that only look among them.</summary>
    public IReadOnlyCollection<(string Call, string Path)> CallsOf(string word)
    {
        var traces = Directory.GetFiles(folder).ToDictionary(static file => Path.GetExtension(file)[1..], File.ReadAllLines);
        var threads = new Queue<string>(traces.Keys.Where(thread => traces[thread].Any(line => IsStartOf(line, word))));
        var calls = new HashSet<(string Call, string Path)>();
        while (threads.TryDequeue(out var thread))
        {
            foreach (var line in traces[thread])
            {
                if (NewThread().Match(line) is { Success: true } match && traces.ContainsKey(match.Groups["thread"].Value))
                    threads.Enqueue(match.Groups["thread"].Value);
                else if (line.Split('(')[0] is var call && !Starts.Contains(call))
                    calls.UnionWith(PathsOf(line).Select(path => (call, path)));
            }
        }
        return calls;
    }

    private static bool IsStartOf(string line, string word) =>
        line.StartsWith("execve(", StringComparison.Ordinal) && line.Contains($"\"{word}\"", StringComparison.Ordinal);

    private const string Changes =
        "open,openat,openat2,creat,truncate,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
        + "mknod,mknodat,chmod,fchmodat,chown,lchown,fchownat,utime,utimes,utimensat,setxattr,lsetxattr,bind,mount,umount2,memfd_create";

    private static IEnumerable<string> PathsChangedBy(string line)
    {
        var call = line.Split('(')[0];
        var isOpen = call.StartsWith("open", StringComparison.Ordinal);
        if (Looks.Contains(call) || Starts.Contains(call)
            || (isOpen && !WritingFlags.Any(flag => line.Contains(flag, StringComparison.Ordinal))))
            return [];
        // Extended attributes have a name behind the path, mount(2) has words behind the second one.
        return PathsOf(line)
            .Skip(SecondPathOnly.Contains(call) ? 1 : 0)
            .Take(call is "rename" or "renameat" or "renameat2" or "link" or "linkat" ? 2 : 1);
    }

    private static IEnumerable<string> PathsOf(string line) =>
        Argument().Matches(line)
            .Where(static match => match.Groups["path"].Success)
            .Select(static match => Path.Combine(match.Groups["folder"].Value, match.Groups["path"].Value));

    /// <summary>A thread that a thread of the same process has started.</summary>
    [GeneratedRegex(@"^clone3?\(.*CLONE_THREAD.* = (?<thread>\d+)$")]
    private static partial Regex NewThread();

    /// <summary>
    /// A path, alone or behind the descriptor of the folder that it begins at: <c>"/a"</c>,
    /// <c>18&lt;/tmp&gt;, "a"</c>, <c>sun_path="/a"</c>.
    /// </summary>
    [GeneratedRegex(@"(?:(?:AT_FDCWD|\d+)<(?<folder>[^>]*)>, )?""(?<path>(?:[^""\\]|\\.)*)""")]
    private static partial Regex Argument();
}
