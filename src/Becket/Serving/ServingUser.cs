using System.Globalization;
using System.Runtime.InteropServices;

namespace Becket.Serving;

/// <summary>
/// Who the server becomes once everything that needs root is open: nbdkit's <c>-u</c> and <c>-g</c>. There is no way back, and none
/// is left open: the groups go first, the saved ids go too.
/// </summary>
/// <param name="UserName">As the system knows it; null where only the group changes.</param>
/// <param name="User">Its number.</param>
/// <param name="Group">The first group.</param>
internal sealed partial record ServingUser(string? UserName, uint? User, uint Group)
{
    /// <summary>Where a number stands in struct passwd: behind the pointers to the name and the password; the group follows.</summary>
    private static readonly int NumberOffset = 2 * IntPtr.Size;

    /// <summary>Null where neither is given.</summary>
    /// <param name="user">USER or USER:GROUP, by name or by number.</param>
    /// <param name="group">A group, by name or by number.</param>
    /// <exception cref="CommandException">
    /// Nobody of that name, both ways of naming a group, or no right to become somebody else.
    /// </exception>
    public static ServingUser? Find(string? user, string? group)
    {
        if (user is null && group is null)
            return null;
        var colon = user?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon >= 0 && group is not null)
            throw CommandException.Usage("--user USER:GROUP and --group exclude one another");
        if (colon >= 0)
            (user, group) = (user![..colon], user[(colon + 1)..]);
        if (!Environment.IsPrivilegedProcess)
            throw new CommandException("--user and --group need root: only root may become somebody else");

        var entry = user is null ? ((string? Name, uint Number, uint? Group)?)null : FindUser(user);
        var first = group is not null ? FindGroup(group) : entry!.Value.Group
            ?? throw CommandException.Usage(
                $"--user {user}: the system does not know this number, so a group has to be named: --user {user}:GROUP");
        return new ServingUser(entry?.Name, entry?.Number, first);
    }

    /// <summary>
    /// Gives a path away, so that the server can still remove it where its folder allows that, and this user's clients can connect.
    /// </summary>
    public void TakeOver(string path)
    {
        if (ChangeOwner(path, User ?? uint.MaxValue, Group) != 0)
            throw new CommandException($"cannot give {path} to the user of --user: {Posix.LastErrorText}");
    }

    /// <summary>Becomes this user, with all threads: the C library sees to that.</summary>
    /// <exception cref="CommandException">It did not work; then nothing may be served.</exception>
    public void Become()
    {
        Require(UserName is not null ? InitializeGroups(UserName, Group) : SetGroups(1, [Group]), "setgroups");
        Require(SetGroup(Group, Group, Group), "setresgid");
        if (User is not { } user)
            return;
        Require(SetUser(user, user, user), "setresuid");
        if (user != 0 && SetUser(0, 0, 0) == 0)
            throw new CommandException("--user: the kernel would let this process become root again; nothing is served like that");
    }

    private static void Require(int result, string call)
    {
        if (result != 0)
            throw new CommandException($"--user: {call} failed: {Posix.LastErrorText}");
    }

    private static (string? Name, uint Number, uint? Group) FindUser(string text)
    {
        var isNumber = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue;
        var found = UserByName(text);
        if (found == 0 && isNumber)
            found = UserByNumber(number);
        if (found != 0)
        {
            return (
                Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(found)),
                (uint)Marshal.ReadInt32(found, NumberOffset),
                (uint)Marshal.ReadInt32(found, NumberOffset + sizeof(uint)));
        }
        return isNumber ? (null, number, null) : throw new CommandException($"--user: there is no user '{text}' here");
    }

    private static uint FindGroup(string text)
    {
        if (GroupByName(text) is var found && found != 0)
            return (uint)Marshal.ReadInt32(found, NumberOffset);
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != uint.MaxValue
            ? number
            : throw new CommandException($"--group: there is no group '{text}' here");
    }

    // Not thread-safe, and called before there are threads that call them.
    [LibraryImport("libc", EntryPoint = "getpwnam", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint UserByName(string name);

    [LibraryImport("libc", EntryPoint = "getpwuid")]
    private static partial nint UserByNumber(uint number);

    [LibraryImport("libc", EntryPoint = "getgrnam", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GroupByName(string name);

    [LibraryImport("libc", EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int InitializeGroups(string user, uint group);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nuint count, uint[] groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroup(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUser(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
