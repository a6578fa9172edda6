using System.Text;
using Becket.Fuse.Protocol;

namespace Becket.Fuse.Session;

/// <summary>
/// The folder with its one file, as far as names and attributes go. Nothing of it ever changes, so every answer is at hand and may be
/// remembered by the kernel; what would change it is refused.
/// </summary>
internal sealed class FileFolder
{
    public const ulong RootNode = 1;
    public const ulong FileNode = 2;

    private const UnixFileMode EverybodyMayLook = UnixFileMode.UserRead | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode Writing = UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly byte[] _name;
    private readonly bool _isReadOnly;
    private readonly OpenReplyFlags _openFlags;
    private readonly NodeAttributes _folder;
    private readonly NodeAttributes _file;
    private readonly FolderEntry[] _entries;

    public FileFolder(long size, bool isReadOnly, FuseFileOptions options)
    {
        _name = Encoding.UTF8.GetBytes(options.FileName);
        _isReadOnly = isReadOnly;
        _openFlags = options.Caching == FuseCaching.None
            ? OpenReplyFlags.DirectIo | OpenReplyFlags.ParallelDirectWrites
            : OpenReplyFlags.KeepCache;
        var (user, group) = (Libc.User(), Libc.Group());
        var mode = isReadOnly ? options.Mode & ~Writing : options.Mode;
        _folder = new NodeAttributes(
            RootNode, 0, NodeAttributes.Folder | (uint)EverybodyMayLook, Links: 2, user, group, options.Modified);
        _file = new NodeAttributes(FileNode, size, NodeAttributes.RegularFile | (uint)mode, Links: 1, user, group, options.Modified);
        _entries =
        [
            new FolderEntry(RootNode, 1, _folder.Mode, "."u8.ToArray()),
            new FolderEntry(RootNode, 2, _folder.Mode, ".."u8.ToArray()),
            new FolderEntry(FileNode, 3, _file.Mode, _name),
        ];
    }

    /// <summary>Answers a request, whose bytes behind the header are <paramref name="body"/>, into <paramref name="reply"/>.</summary>
    public Answer AnswerTo(in RequestHeader header, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        switch (header.Opcode)
        {
            case FuseOpcode.Lookup:
                return Lookup(header.Node, body, reply);
            case FuseOpcode.GetAttributes:
                return WriteAttributes(AttributesOf(header.Node), reply);
            case FuseOpcode.SetAttributes:
                return SetAttributes(header.Node, body, reply);
            case FuseOpcode.Open:
                return Open(header.Node, body, reply);
            case FuseOpcode.OpenFolder:
                new OpenReply(OpenReplyFlags.KeepCache | OpenReplyFlags.CacheFolder).Write(reply);
                return Answer.Of(OpenReply.Size);
            case FuseOpcode.ReadFolder:
                return List(body, reply);
            case FuseOpcode.FileSystemStatus:
                new FileSystemStatusReply(_file.Length).Write(reply);
                return Answer.Of(FileSystemStatusReply.Size);
            case FuseOpcode.Release or FuseOpcode.ReleaseFolder or FuseOpcode.Destroy:
                return Answer.Done;
            case FuseOpcode.Control:
                return Errno.NotATerminal;
            case FuseOpcode.Create or FuseOpcode.MakeNode or FuseOpcode.MakeFolder or FuseOpcode.SymbolicLink or FuseOpcode.Link
                or FuseOpcode.Unlink or FuseOpcode.RemoveFolder or FuseOpcode.Rename or FuseOpcode.Rename2:
                return Errno.NotPermitted;
            default:
                // Among them FLUSH, ACCESS, INTERRUPT and the extended attributes: the kernel takes ENOSYS for "never ask again". A
                // signal is no reason to fail a read of a disk, and which signals kill the reader INTERRUPT does not say.
                return Errno.NotImplemented;
        }
    }

    private Answer Lookup(ulong node, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        if (node != RootNode)
            return Errno.NotADirectory;
        var name = body[..Math.Max(body.IndexOf((byte)0), 0)];
        new EntryReply(name.SequenceEqual(_name) ? _file : default).Write(reply);
        return Answer.Of(EntryReply.Size);
    }

    private Answer SetAttributes(ulong node, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        if (!SetAttributesRequest.TryRead(body, out var request))
            return Errno.Invalid;
        if (_isReadOnly)
            return Errno.ReadOnlyFileSystem;
        return node == FileNode && request.IsSizeAlone && request.Length == _file.Length
            ? WriteAttributes(_file, reply)
            : Errno.NotPermitted;
    }

    private Answer Open(ulong node, ReadOnlySpan<byte> body, Span<byte> reply)
    {
        if (node != FileNode)
            return Errno.IsADirectory;
        if (!OpenRequest.TryRead(body, out var request))
            return Errno.Invalid;
        if (_isReadOnly && (request.Flags & Libc.OpenAccessMode) != Libc.OpenReadOnly)
            return Errno.ReadOnlyFileSystem;
        new OpenReply(_openFlags).Write(reply);
        return Answer.Of(OpenReply.Size);
    }

    private Answer List(ReadOnlySpan<byte> body, Span<byte> reply)
    {
        if (!TransferRequest.TryRead(body, out var request))
            return Errno.Invalid;
        var room = reply[..(int)Math.Min(request.Length, (uint)reply.Length)];
        var length = 0;
        for (var index = request.Offset; index >= 0 && index < _entries.Length; index++)
        {
            var entry = _entries[index];
            if (entry.Size > room.Length - length)
                break;
            entry.Write(room[length..]);
            length += entry.Size;
        }
        return Answer.Of(length);
    }

    private NodeAttributes AttributesOf(ulong node) => node == FileNode ? _file : _folder;

    private static Answer WriteAttributes(NodeAttributes attributes, Span<byte> reply)
    {
        new AttributesReply(attributes).Write(reply);
        return Answer.Of(AttributesReply.Size);
    }
}
