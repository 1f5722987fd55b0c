' Bereikbaar for Swyx: asks the daemon what happens to this call. GPL-3.0-or-later.
' Paste into an Insert Script Code block of a VBScript rule, once; see docs/pbx/swyx.md.
' Exits: 0 normal route, 1 forward, 2 voicemail, 3 hang up; 4 to 7 the same after the message.
' It has no procedures, so that it can stand wherever Swyx puts it, and no call of an object in a
' condition, for an error there would go on inside the If.
On Error Resume Next
UseExit = 0
BereikbaarStatus = ""
BereikbaarAudio = ""
BereikbaarForward = ""
BereikbaarVoicemail = ""
Dim bbFolder, bbCalled, bbCaller, bbCallId, bbHttp, bbFiles, bbStream, bbLog, bbWhy, bbDone
Dim bbQuery, bbValues, bbText, bbEncoded, bbChar, bbCode, bbStatusCode, bbBody, bbLine, bbLines
Dim bbAt, bbI, bbJ, bbValue, bbStatus, bbAction, bbAudio, bbForward, bbVoicemail, bbIsWhole
Dim bbExit, bbPath, bbBeside, bbSize, bbLength, bbHead, bbIsThere, bbIsRight
bbFolder = "@@FOLDER@@"
bbWhy = ""

' The number called: which of these Swyx has differs by version. With --number or --schedule none
' is needed.
bbCalled = ""
bbCalled = CalledNumber()
If bbCalled = "" Then bbCalled = CalledExtension()
If bbCalled = "" Then bbCalled = PBXCall.CalledNumber
If bbCalled = "" Then bbCalled = PBXCall.CalledExtension
If "@@NUMBER@@" <> "" Then bbCalled = "@@NUMBER@@"
bbCaller = ""
bbCaller = CallerID()
bbCallId = ""
bbCallId = PBXCall.CallID

' Percent-encoded UTF-8.
bbValues = Array(bbCalled, bbCaller, bbCallId)
For bbI = 0 To 2
    bbText = ""
    bbText = CStr(bbValues(bbI))
    bbText = Left(bbText, 128)
    bbEncoded = ""
    For bbJ = 1 To Len(bbText)
        bbChar = Mid(bbText, bbJ, 1)
        bbCode = Asc(bbChar)
        If bbCode < 0 Or bbCode > 127 Or Chr(bbCode) <> bbChar Then bbCode = AscW(bbChar)
        If bbCode < 0 Then bbCode = bbCode + 65536
        If InStr(1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", bbChar, 0) > 0 Then
            bbEncoded = bbEncoded & bbChar
        ElseIf bbCode < 128 Then
            bbEncoded = bbEncoded & "%" & Right("0" & Hex(bbCode), 2)
        ElseIf bbCode < 2048 Then
            bbEncoded = bbEncoded & "%" & Hex(192 + bbCode \ 64) & "%" & Hex(128 + bbCode Mod 64)
        ElseIf bbCode < 55296 Or bbCode > 57343 Then
            bbEncoded = bbEncoded & "%" & Hex(224 + bbCode \ 4096) & "%" & Hex(128 + (bbCode \ 64) Mod 64) & "%" & Hex(128 + bbCode Mod 64)
        Else
            bbEncoded = bbEncoded & "%3F"
        End If
    Next
    bbValues(bbI) = bbEncoded
Next
If "@@SCHEDULE@@" <> "" Then
    bbQuery = "schedule=@@SCHEDULE@@"
Else
    bbQuery = "did=" & bbValues(0)
End If
bbQuery = bbQuery & "&cli=" & bbValues(1) & "&callid=" & bbValues(2) & "&format=text"

' Asks within the whole time-out; follows no redirect (option 6), gives no Windows password (policy 2).
bbStatusCode = 0
bbBody = ""
Set bbHttp = Nothing
Set bbHttp = CreateObject("WinHttp.WinHttpRequest.5.1")
If bbHttp Is Nothing Then
    bbWhy = "no WinHttp.WinHttpRequest.5.1"
Else
    Err.Clear
    bbHttp.Open "GET", "@@BASE_URL@@/hook/swyx?" & bbQuery, True
    bbHttp.Option(6) = False
    bbHttp.SetAutoLogonPolicy 2
    bbHttp.SetTimeouts @@TIMEOUT_MS@@, @@TIMEOUT_MS@@, @@TIMEOUT_MS@@, @@TIMEOUT_MS@@
    bbHttp.SetRequestHeader "Authorization", "Bearer @@TOKEN@@"
    If Err.Number = 0 Then
        bbHttp.Send
        bbDone = False
        bbDone = bbHttp.WaitForResponse(@@TIMEOUT_SECONDS@@)
        If bbDone Then
            bbStatusCode = bbHttp.Status
            bbBody = bbHttp.ResponseText
            bbLength = -1
            bbLength = CLng(bbHttp.GetResponseHeader("Content-Length"))
            bbSize = -1
            bbSize = LenB(bbHttp.ResponseBody)
            If bbLength >= 0 And bbSize >= 0 And bbLength <> bbSize Then bbBody = ""
            Err.Clear
        End If
        If Err.Number <> 0 Then
            bbWhy = "no answer: " & Err.Description
        ElseIf Not bbDone Then
            bbWhy = "no answer in time"
            bbHttp.Abort
        End If
    Else
        bbWhy = "no request: " & Err.Description
    End If
    Err.Clear
End If

' Reads key=value lines. What comes twice is joined, and so is no value that can be trusted.
bbStatus = ""
bbAction = ""
bbAudio = ""
bbForward = ""
bbVoicemail = ""
bbIsWhole = False
If bbStatusCode = 200 And Len(bbBody) <= 16384 And Right(bbBody, 1) = vbLf Then
    bbLines = Split(bbBody, vbLf)
    For bbI = 0 To UBound(bbLines)
        bbLine = Replace(bbLines(bbI), vbCr, "")
        bbAt = InStr(bbLine, "=")
        If bbAt > 1 Then
            bbValue = Mid(bbLine, bbAt + 1)
            Select Case Left(bbLine, bbAt - 1)
                Case "status"
                    bbStatus = bbStatus & bbValue
                Case "action"
                    bbAction = bbAction & bbValue
                Case "audio"
                    bbAudio = bbAudio & bbValue
                Case "forward"
                    bbForward = bbForward & bbValue
                Case "voicemail"
                    bbVoicemail = bbVoicemail & bbValue
                Case "error"
                    bbIsWhole = True
            End Select
        End If
    Next
ElseIf bbWhy = "" Then
    bbWhy = "HTTP " & bbStatusCode
End If

' Trusts only what a call can be routed by.
bbExit = -1
If bbIsWhole And (bbStatus = "open" Or bbStatus = "closed" Or bbStatus = "break" Or bbStatus = "unknown") Then
    Select Case bbAction
        Case "continue"
            bbExit = 0
        Case "forward"
            bbExit = 1
        Case "voicemail"
            bbExit = 2
        Case "hangup"
            bbExit = 3
    End Select
End If
If bbExit = 1 Then
    bbIsRight = Len(bbForward) >= 8 And Len(bbForward) <= 16 And Left(bbForward, 1) = "+" And Mid(bbForward, 2, 1) <> "0"
    For bbI = 2 To Len(bbForward)
        If InStr("0123456789", Mid(bbForward, bbI, 1)) = 0 Then bbIsRight = False
    Next
    If Not bbIsRight Then bbExit = -1
Else
    bbForward = ""
End If
bbIsRight = Len(bbVoicemail) <= 254 And InStr(bbVoicemail, "@") > 1
For bbI = 1 To Len(bbVoicemail)
    bbChar = Mid(bbVoicemail, bbI, 1)
    If bbChar <= " " Or InStr("""<>", bbChar) > 0 Then bbIsRight = False
Next
If Not bbIsRight Then bbVoicemail = ""
bbIsRight = Len(bbAudio) = 68 And Right(bbAudio, 4) = ".wav"
For bbI = 1 To Len(bbAudio) - 4
    If InStr(1, "0123456789abcdef", Mid(bbAudio, bbI, 1), 0) = 0 Then bbIsRight = False
Next
If Not bbIsRight Then bbAudio = ""
If bbExit < 0 And bbWhy = "" Then bbWhy = "answer not understood"

' Downloads a message once: to a name of its own first, then renamed.
Set bbFiles = Nothing
Set bbFiles = CreateObject("Scripting.FileSystemObject")
bbIsThere = False
If bbExit >= 0 And bbAudio <> "" And Not (bbFiles Is Nothing) Then
    bbPath = bbFolder & "/" & bbAudio
    bbIsThere = bbFiles.FileExists(bbPath)
    If Not bbIsThere Then
        Err.Clear
        bbHttp.Open "GET", "@@BASE_URL@@/audio/" & bbAudio, True
        bbHttp.Option(6) = False
        bbHttp.SetAutoLogonPolicy 2
        bbHttp.SetRequestHeader "Authorization", "Bearer @@TOKEN@@"
        bbStatusCode = 0
        bbDone = False
        If Err.Number = 0 Then
            bbHttp.Send
            bbDone = bbHttp.WaitForResponse(5)
        End If
        If bbDone Then bbStatusCode = bbHttp.Status
        Set bbStream = Nothing
        Set bbStream = CreateObject("ADODB.Stream")
        If bbStatusCode = 200 And Not (bbStream Is Nothing) Then
            bbBeside = bbPath & "." & bbFiles.GetTempName()
            bbSize = 0
            bbHead = ""
            bbStream.Type = 1
            bbStream.Open
            bbStream.Write bbHttp.ResponseBody
            bbSize = bbStream.Size
            bbStream.SaveToFile bbBeside, 2
            bbStream.Close
            Set bbLog = bbFiles.OpenTextFile(bbBeside, 1)
            bbHead = bbLog.Read(4)
            bbLog.Close
            If bbHead = "RIFF" And bbSize > 44 And bbSize <= 10485760 Then
                bbFiles.MoveFile bbBeside, bbPath
                bbIsThere = bbFiles.FileExists(bbPath)
            End If
            bbFiles.DeleteFile bbBeside
        End If
        If Not bbIsThere Then bbWhy = "message " & bbAudio & " can't be downloaded: HTTP " & bbStatusCode
        Err.Clear
    End If
End If

If bbExit >= 0 Then
    BereikbaarStatus = bbStatus
    BereikbaarForward = bbForward
    BereikbaarVoicemail = bbVoicemail
    If bbIsThere Then
        If Mid(bbFolder, 2, 1) = ":" Then bbPath = Replace(bbPath, "/", "\")
        BereikbaarAudio = bbPath
        bbExit = bbExit + 4
    End If
    UseExit = bbExit
End If

' Logs what went otherwise than it should.
If bbWhy <> "" And Not (bbFiles Is Nothing) Then
    PBXScript.OutputTrace "Bereikbaar: " & bbWhy
    bbPath = bbFolder & "/bereikbaar.log"
    bbSize = 0
    bbSize = bbFiles.GetFile(bbPath).Size
    Set bbLog = Nothing
    If bbSize > 1048576 Then
        Set bbLog = bbFiles.OpenTextFile(bbPath, 2, True)
    Else
        Set bbLog = bbFiles.OpenTextFile(bbPath, 8, True)
    End If
    bbLog.WriteLine Now & " " & bbWhy
    bbLog.Close
End If
Set bbLog = Nothing
Set bbStream = Nothing
Set bbFiles = Nothing
Set bbHttp = Nothing
Err.Clear
On Error GoTo 0
