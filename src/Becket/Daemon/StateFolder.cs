using System.Globalization;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Becket.Daemon;

/// <summary>
/// The folder of one attachment, such as <c>/run/becket/1</c>: its state, its control socket, its log. Who serves it and who
/// watches over that each hold a lock in it, which the kernel takes away when they die; so a folder without locks is one
/// that was left behind.
/// </summary>
internal sealed class StateFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Nobody has so many; a folder in which no lock can be taken for another reason must not be tried for ever.</summary>
    private const int Most = 10_000;

    /// <summary>Where root's attachments are.</summary>
    public const string RootOfRoot = "/run/becket";

    private readonly Dictionary<StateLock, SafeFileHandle> _locks = [];

    private StateFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>The attachment's short name: a number.</summary>
    public string Id => System.IO.Path.GetFileName(Path);

    public string ControlSocket => System.IO.Path.Combine(Path, "control");

    public string LogFile => System.IO.Path.Combine(Path, "log");

    /// <summary>Where the image shows as a file while there is no nbd device.</summary>
    public string ImageFolder => System.IO.Path.Combine(Path, "image");

    private string StateFile => System.IO.Path.Combine(Path, "state.json");

    /// <summary>What was last saved; null where nothing was, or it is of another version.</summary>
    public AttachmentState? State
    {
        get
        {
            try
            {
                return JsonSerializer.Deserialize(File.ReadAllBytes(StateFile), DaemonJson.Default.AttachmentState);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>Where the folders of this user's attachments are.</summary>
    public static string Root
    {
        get
        {
            if (Environment.GetEnvironmentVariable("BECKET_RUNTIME_DIR") is { Length: > 0 } chosen)
                return System.IO.Path.GetFullPath(chosen);
            if (Environment.IsPrivilegedProcess)
                return RootOfRoot;
            return Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime
                ? System.IO.Path.Combine(runtime, "becket")
                : Own(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"becket-{Environment.UserName}"));
        }
    }

    /// <summary>Where everybody may make folders, one of that name may be somebody else's, who would tell us what to run.</summary>
    private static string Own(string folder)
    {
        if (!Directory.Exists(folder))
            return folder;
        try
        {
            File.SetUnixFileMode(folder, OwnerOnly); // only its owner may
            return folder;
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandException(
                $"{folder} belongs to somebody else; set XDG_RUNTIME_DIR or BECKET_RUNTIME_DIR to a folder of yours");
        }
    }

    /// <summary>Makes a folder with the lowest number that is free, and takes locks in it.</summary>
    public static StateFolder Claim(params ReadOnlySpan<StateLock> locks)
    {
        Directory.CreateDirectory(Root, OwnerOnly);
        for (var number = 1; number <= Most; number++)
        {
            var folder = new StateFolder(System.IO.Path.Combine(Root, number.ToString(CultureInfo.InvariantCulture)));
            if (folder.TryMake() && !folder.IsAttended && folder.TryLock(locks) && !File.Exists(folder.StateFile))
                return folder;
            folder.Dispose();
        }
        throw new CommandException($"no lock can be taken in {Root}, in none of {Most} folders");
    }

    private bool TryMake()
    {
        try
        {
            Directory.CreateDirectory(Path, OwnerOnly);
            return true;
        }
        catch (IOException)
        {
            return false; // it was there and went in the same moment
        }
    }

    /// <summary>The folder of an attachment that is there.</summary>
    public static StateFolder Open(string id) => new(System.IO.Path.Combine(Root, id));

    /// <summary>Every attachment that has a state, served or left behind, by number.</summary>
    public static IReadOnlyList<StateFolder> List()
    {
        if (!Directory.Exists(Root))
            return [];
        return [.. Directory.GetDirectories(Root)
            .Select(static path => new StateFolder(path))
            .Where(static folder => File.Exists(folder.StateFile))
            .OrderBy(static folder => int.TryParse(folder.Id, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue)];
    }

    /// <summary>Takes locks, all or none of them; each is held until this is disposed or the process ends.</summary>
    public bool TryLock(params ReadOnlySpan<StateLock> locks)
    {
        foreach (var which in locks)
        {
            if (LockFile.TryTake(LockPath(which), out var file) != LockOutcome.Taken)
            {
                Unlock();
                return false;
            }
            _locks.Add(which, file);
        }
        return true;
    }

    /// <summary>Whether a process other than this one holds a lock. Only looks: whoever takes the lock meanwhile gets it.</summary>
    public bool IsHeld(StateLock which) => !_locks.ContainsKey(which) && LockFile.IsHeld(LockPath(which));

    /// <summary>Whether a process other than this one serves it or watches over it; otherwise it was left behind.</summary>
    public bool IsAttended => IsHeld(StateLock.Server) || IsHeld(StateLock.Supervisor);

    /// <summary>Whether the folder of this name is the one in which this holds a lock.</summary>
    public bool IsLockedByUs => _locks.Values.Any(file => LockFile.FolderOf(file) == Id);

    /// <summary>Saves in one step: who reads sees the old state or the new one.</summary>
    public void Save(AttachmentState state)
    {
        var temporary = $"{StateFile}.new";
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
            JsonSerializer.Serialize(file, state, DaemonJson.Default.AttachmentState);
        File.Move(temporary, StateFile, overwrite: true);
    }

    /// <summary>
    /// Removes the folder with all that is in it; for one who holds a lock in it, and nothing happens where that folder is gone: the
    /// number may be another's by now. The state goes first: without it the folder is no attachment, and what cannot be removed is
    /// in nobody's way. Then its name goes, in one step: whoever claims the number makes a folder of their own, of which nothing can be
    /// deleted here.
    /// </summary>
    public void Remove()
    {
        if (!IsLockedByUs)
            return;
        try
        {
            File.Delete(StateFile);
            if (Directory.Exists(ImageFolder))
                Directory.Delete(ImageFolder); // empty, or it is still mounted and must not be deleted into
            var nameless = $"{Path}.{Guid.NewGuid():N}";
            Directory.Move(Path, nameless);
            Directory.Delete(nameless, recursive: true);
        }
        catch (IOException) when (!File.Exists(StateFile))
        {
            // Still mounted, or gone already.
        }
    }

    public void Dispose() => Unlock();

    private void Unlock()
    {
        foreach (var file in _locks.Values)
            file.Dispose();
        _locks.Clear();
    }

    private string LockPath(StateLock which) => System.IO.Path.Combine(Path, which == StateLock.Server ? "server.lock" : "supervisor.lock");
}

/// <summary>The locks in a state folder.</summary>
internal enum StateLock
{
    /// <summary>Held by the process that serves the device.</summary>
    Server,

    /// <summary>Held by the process that starts a new one when that dies.</summary>
    Supervisor,
}
